// SPDX-License-Identifier: MIT
#include <ddi/ex_pool.h>
#include <ddi/io_ntifs.h>
#include <devioctl.h>
#include <ntstatus.h>

#include <atomic>
#include <fstream>
#include <string>
#include <thread>

#include "nt/table.h"
#include "nt/user_entry.h"
#include "os/thread.h"
#include "ring3/test.h"

namespace ring3 {
namespace {

std::atomic<int> g_cleanups;
std::atomic<int> g_pending;

NTSTATUS Complete(PIRP irp, NTSTATUS status) {
  irp->IoStatus.Status = status;
  irp->IoStatus.Information = 0;
  IoCompleteRequest(irp, IO_NO_INCREMENT);
  return status;
}

NTSTATUS CreateClose(PDEVICE_OBJECT, PIRP irp) {
  return Complete(irp, STATUS_SUCCESS);
}

NTSTATUS Cleanup(PDEVICE_OBJECT, PIRP irp) {
  ++g_cleanups;
  return Complete(irp, STATUS_SUCCESS);
}

VOID Cancel(PDEVICE_OBJECT, PIRP irp) {
  IoReleaseCancelSpinLock(irp->CancelIrql);
  Complete(irp, STATUS_CANCELLED);
}

// Every control request waits until it is cancelled.
NTSTATUS Control(PDEVICE_OBJECT, PIRP irp) {
  IoMarkIrpPending(irp);
  IoSetCancelRoutine(irp, Cancel);
  if (irp->Cancel && IoSetCancelRoutine(irp, nullptr) != nullptr) Complete(irp, STATUS_CANCELLED);
  ++g_pending;
  g_pending.notify_all();
  return STATUS_PENDING;
}

VOID Unload(PDRIVER_OBJECT driver) {
  UNICODE_STRING link = RTL_CONSTANT_STRING(L"\\??\\Waiter");
  IoDeleteSymbolicLink(&link);
  IoDeleteDevice(driver->DeviceObject);
}

NTSTATUS Entry(PDRIVER_OBJECT driver, PUNICODE_STRING) {
  UNICODE_STRING name = RTL_CONSTANT_STRING(L"\\Device\\Waiter");
  UNICODE_STRING link = RTL_CONSTANT_STRING(L"\\??\\Waiter");
  PDEVICE_OBJECT device = nullptr;
  const NTSTATUS status = IoCreateDevice(driver, 0, &name, FILE_DEVICE_UNKNOWN, 0, FALSE, &device);
  if (!NT_SUCCESS(status)) return status;
  driver->MajorFunction[IRP_MJ_CREATE] = CreateClose;
  driver->MajorFunction[IRP_MJ_CLOSE] = CreateClose;
  driver->MajorFunction[IRP_MJ_CLEANUP] = Cleanup;
  driver->MajorFunction[IRP_MJ_DEVICE_CONTROL] = Control;
  driver->DriverUnload = Unload;
  device->Flags &= ~ULONG{DO_DEVICE_INITIALIZING};
  return IoCreateSymbolicLink(&link, &name);
}

HANDLE Open() {
  UNICODE_STRING name = RTL_CONSTANT_STRING(L"\\??\\Waiter");
  OBJECT_ATTRIBUTES attributes;
  InitializeObjectAttributes(&attributes, &name, OBJ_CASE_INSENSITIVE, nullptr, nullptr);
  IO_STATUS_BLOCK io_status;
  HANDLE handle = nullptr;
  EXPECT_EQ(nt::g_services.NtCreateFile(&handle, GENERIC_READ | SYNCHRONIZE, &attributes, &io_status, nullptr,
                                        0, 0, FILE_OPEN, FILE_SYNCHRONOUS_IO_NONALERT, nullptr, 0),
            STATUS_SUCCESS);
  return handle;
}

TEST(ExecutiveTestItself, BootsAndShutsDownAgainAndAgain) {
  for (int i = 0; i < 20; ++i) {
    std::unique_ptr<Executive> executive = Executive::Boot({});
    ASSERT_NE(executive, nullptr);
    EXPECT_TRUE(executive->Shutdown().empty());
  }
}

TEST_F(ExecutiveTest, RunsALinkedDriver) {
  g_cleanups = 0;
  ASSERT_EQ(executive().LoadDriver(Entry, "waiter"), STATUS_SUCCESS);
  EXPECT_EQ(executive().LoadDriver(Entry, "waiter"), STATUS_IMAGE_ALREADY_LOADED);
  HANDLE handle = Open();
  EXPECT_EQ(nt::g_services.NtClose(handle), STATUS_SUCCESS);
  EXPECT_EQ(nt::g_services.NtClose(handle), STATUS_INVALID_HANDLE);
  EXPECT_EQ(g_cleanups, 1);
  EXPECT_EQ(executive().UnloadDriver("waiter"), STATUS_SUCCESS);
  EXPECT_EQ(executive().UnloadDriver("waiter"), STATUS_OBJECT_NAME_NOT_FOUND);
}

TEST_F(ExecutiveTest, NoModuleIsNotFound) {
  EXPECT_EQ(executive().LoadDriver("/nonexistent/driver.sys"), STATUS_OBJECT_NAME_NOT_FOUND);
}

// SPEC A10: an application that ends with a handle open and a thread inside a request.
TEST_F(ExecutiveTest, ProcessEndCancelsRequestsAndClosesHandles) {
  g_cleanups = 0;
  g_pending = 0;
  ASSERT_EQ(executive().LoadDriver(Entry, "waiter"), STATUS_SUCCESS);
  // Never comes back from the service: its Linux thread is parked for good once the process has ended.
  std::thread([handle = Open()] {
    IO_STATUS_BLOCK io_status;
    nt::g_services.NtDeviceIoControlFile(handle, nullptr, nullptr, nullptr, &io_status, 0x80002000, nullptr,
                                         0, nullptr, 0);
    ADD_FAILURE() << "the thread of an ended process ran on";
  }).detach();
  g_pending.wait(0);
  EXPECT_TRUE(Shutdown().empty());
  EXPECT_EQ(g_cleanups, 1);
}

bool IsAsleep(uint32_t tid) {
  std::ifstream file("/proc/self/task/" + std::to_string(tid) + "/stat");
  std::string text;
  std::getline(file, text);
  return text.find(") S ") != std::string::npos;
}

// Its block is gone by then.
TEST_F(ExecutiveTest, AThreadThatComesAfterTheEndParksWithoutItsBlock) {
  static std::atomic<uint32_t> tid;
  static std::atomic<bool> has_ended;
  tid = 0;
  has_ended = false;
  std::thread([] {
    EXPECT_EQ(nt::g_services.NtClose(nullptr), STATUS_INVALID_HANDLE);
    ke::t_current_thread = reinterpret_cast<PKTHREAD>(alignof(_KTHREAD));  // to touch it is a fault
    tid = os::CurrentTid();
    while (!has_ended) std::this_thread::yield();
    nt::g_services.NtClose(nullptr);
    ADD_FAILURE() << "the thread of an ended process ran on";
  }).detach();
  while (tid == 0) std::this_thread::yield();
  EXPECT_TRUE(Shutdown().empty());
  has_ended = true;
  while (!IsAsleep(tid)) std::this_thread::yield();
}

TEST_F(ExecutiveTest, LeaksAreReported) {
  ExpectLeaks();
  ASSERT_NE(ExAllocatePool2(POOL_FLAG_NON_PAGED, 100, 'kaeL'), nullptr);
  const std::vector<std::string> leaks = Shutdown();
  ASSERT_FALSE(leaks.empty());
  EXPECT_NE(leaks[0].find("Leak"), std::string::npos) << leaks[0];
}

TEST_F(ExecutiveTest, BugCheckEndsTheProcessWithAStatusOfItsOwn) {
  EXPECT_BUGCHECK(KeBugCheckEx(0xE2, 1, 2, 3, 4), "0x000000E2");
}

}  // namespace
}  // namespace ring3
