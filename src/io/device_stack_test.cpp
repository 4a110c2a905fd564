// SPDX-License-Identifier: MIT
// Filters above a device, and who may open it.
#include <ddi/ex.h>
#include <ddi/io_ntddk.h>
#include <ddi/rtl.h>
#include <ntstatus.h>
#include <wdmsec.h>

#include <atomic>
#include <vector>

#include "io/test_driver.h"

namespace ring3::io {
namespace {

constexpr ULONG kCode = CTL_CODE(FILE_DEVICE_UNKNOWN, 0x900, METHOD_BUFFERED, FILE_ANY_ACCESS);

PDEVICE_OBJECT g_lower = nullptr;  // what the filter is attached to
PDEVICE_OBJECT g_filter = nullptr;
std::vector<int> g_order;
PIO_WORKITEM g_item = nullptr;

NTSTATUS Complete(PIRP irp, NTSTATUS status, ULONG_PTR information) {
  irp->IoStatus.Status = status;
  irp->IoStatus.Information = information;
  IoCompleteRequest(irp, IO_NO_INCREMENT);
  return status;
}

NTSTATUS Above(PDEVICE_OBJECT, PIRP irp, PVOID) {
  g_order.push_back(3);
  if (irp->PendingReturned) IoMarkIrpPending(irp);
  ++*static_cast<PULONG>(irp->AssociatedIrp.SystemBuffer);
  return STATUS_CONTINUE_COMPLETION;
}

enum class Way { kPassOn, kForward, kSkip };
Way g_way = Way::kPassOn;
bool g_complete_later = false;

NTSTATUS Control(PDEVICE_OBJECT device, PIRP irp) {
  if (device == g_filter) {
    g_order.push_back(1);
    switch (g_way) {
      case Way::kSkip:
        IoSkipCurrentIrpStackLocation(irp);
        return IoCallDriver(g_lower, irp);
      case Way::kPassOn:
        IoCopyCurrentIrpStackLocationToNext(irp);
        IoSetCompletionRoutine(irp, Above, nullptr, TRUE, TRUE, TRUE);
        return IoCallDriver(g_lower, irp);
      case Way::kForward:
        IoCopyCurrentIrpStackLocationToNext(irp);
        EXPECT_TRUE(IoForwardIrpSynchronously(g_lower, irp));
        g_order.push_back(4);
        return Complete(irp, irp->IoStatus.Status, irp->IoStatus.Information);
    }
  }
  g_order.push_back(2);
  *static_cast<PULONG>(irp->AssociatedIrp.SystemBuffer) += 10;
  if (!g_complete_later) return Complete(irp, STATUS_SUCCESS, sizeof(ULONG));
  IoMarkIrpPending(irp);
  IoQueueWorkItem(
      g_item,
      [](PDEVICE_OBJECT, PVOID context) {
        Complete(static_cast<PIRP>(context), STATUS_SUCCESS, sizeof(ULONG));
      },
      DelayedWorkQueue, irp);
  return STATUS_PENDING;
}

class DeviceStackTest : public DriverTest {
 protected:
  void SetUp() override {
    DriverTest::SetUp();
    g_order.clear();
    g_way = Way::kPassOn;
    g_complete_later = false;
    LoadTestDriver({.control = Control});
    g_item = IoAllocateWorkItem(device());
    ASSERT_EQ(IoCreateDevice(driver_object(), 0, nullptr, FILE_DEVICE_UNKNOWN, 0, FALSE, &g_filter),
              STATUS_SUCCESS);
    g_lower = IoAttachDeviceToDeviceStack(g_filter, device_below());
    ASSERT_NE(g_lower, nullptr);
    g_filter->Flags |= g_lower->Flags & (DO_BUFFERED_IO | DO_DIRECT_IO);
    g_filter->Flags &= ~ULONG{DO_DEVICE_INITIALIZING};
  }
  void TearDown() override {
    IoDetachDevice(g_lower);
    IoDeleteDevice(g_filter);
    g_filter = nullptr;
    IoFreeWorkItem(g_item);
    DriverTest::TearDown();
  }
  static PDEVICE_OBJECT device_below() { return device(); }

  ULONG Send() {
    HANDLE file = Open();
    IO_STATUS_BLOCK iosb = {};
    ULONG value = 0;
    EXPECT_EQ(ZwDeviceIoControlFile(file, nullptr, nullptr, nullptr, &iosb, kCode, &value, sizeof(value),
                                    &value, sizeof(value)),
              STATUS_SUCCESS);
    EXPECT_EQ(iosb.Information, sizeof(ULONG));
    Close(file);
    return value;
  }
};

TEST_F(DeviceStackTest, TheStackIsAsHighAsItsDevices) {
  EXPECT_EQ(g_lower, device());
  EXPECT_EQ(g_filter->StackSize, device()->StackSize + 1);
  EXPECT_EQ(device()->AttachedDevice, g_filter);
  PDEVICE_OBJECT top = IoGetAttachedDeviceReference(device());
  EXPECT_EQ(top, g_filter);
  ObDereferenceObject(top);
}

TEST_F(DeviceStackTest, ACompletionRoutineRunsOnTheWayUp) {
  EXPECT_EQ(Send(), 11u);
  EXPECT_EQ(g_order, (std::vector<int>{1, 2, 3}));
}

TEST_F(DeviceStackTest, AlsoWhenTheDriverBelowIsLate) {
  g_complete_later = true;
  EXPECT_EQ(Send(), 11u);
  EXPECT_EQ(g_order, (std::vector<int>{1, 2, 3}));
}

TEST_F(DeviceStackTest, ASkippedLocationIsTheNextDrivers) {
  g_way = Way::kSkip;
  EXPECT_EQ(Send(), 10u);
  EXPECT_EQ(g_order, (std::vector<int>{1, 2}));
}

TEST_F(DeviceStackTest, ForwardingWaitsAndKeepsTheRequest) {
  g_way = Way::kForward;
  for (bool late : {false, true}) {
    g_complete_later = late;
    g_order.clear();
    EXPECT_EQ(Send(), 10u);
    EXPECT_EQ(g_order, (std::vector<int>{1, 2, 4}));
  }
}

class DeviceSecurityTest : public DriverTest {
 protected:
  void SetUp() override {
    DriverTest::SetUp();
    LoadTestDriver({});
  }
};

TEST_F(DeviceSecurityTest, APlainDeviceHasTheDefaultDescriptor) {
  ASSERT_NE(device()->SecurityDescriptor, nullptr);
  EXPECT_TRUE(RtlValidSecurityDescriptor(device()->SecurityDescriptor));
  Close(Open(FILE_GENERIC_READ | FILE_GENERIC_WRITE | FILE_GENERIC_EXECUTE));
}

TEST_F(DeviceSecurityTest, AnSddlStringDecides) {
  UNICODE_STRING name = RTL_CONSTANT_STRING(L"\\Device\\Closed");
  UNICODE_STRING nobody = RTL_CONSTANT_STRING(L"D:P");
  UNICODE_STRING wrong = RTL_CONSTANT_STRING(L"D:P(nonsense");
  PDEVICE_OBJECT closed = nullptr;
  EXPECT_EQ(IoCreateDeviceSecure(driver_object(), 0, nullptr, FILE_DEVICE_UNKNOWN, 0, FALSE, &nobody, nullptr,
                                 &closed),
            STATUS_INVALID_PARAMETER);
  EXPECT_EQ(IoCreateDeviceSecure(driver_object(), 0, &name, FILE_DEVICE_UNKNOWN, 0, FALSE, &wrong, nullptr,
                                 &closed),
            STATUS_INVALID_PARAMETER);
  ASSERT_EQ(IoCreateDeviceSecure(driver_object(), 0, &name, FILE_DEVICE_UNKNOWN, 0, FALSE, &nobody, nullptr,
                                 &closed),
            STATUS_SUCCESS);
  closed->Flags &= ~ULONG{DO_DEVICE_INITIALIZING};
  auto open = [](const WCHAR* text, ULONG attributes_flags) {
    UNICODE_STRING path;
    RtlInitUnicodeString(&path, text);
    OBJECT_ATTRIBUTES attributes;
    InitializeObjectAttributes(&attributes, &path, OBJ_CASE_INSENSITIVE | attributes_flags, nullptr, nullptr);
    HANDLE file = nullptr;
    IO_STATUS_BLOCK iosb = {};
    NTSTATUS status = ZwOpenFile(&file, FILE_READ_DATA | SYNCHRONIZE, &attributes, &iosb, 0, 0);
    if (NT_SUCCESS(status)) ZwClose(file);
    return status;
  };
  // Drivers are not asked unless they want to be.
  EXPECT_EQ(open(L"\\Device\\Closed", 0), STATUS_SUCCESS);
  EXPECT_EQ(open(L"\\Device\\Closed", OBJ_FORCE_ACCESS_CHECK), STATUS_ACCESS_DENIED);
  // A name below the device's is the driver's own affair, unless the device says otherwise.
  EXPECT_EQ(open(L"\\Device\\Closed\\file", OBJ_FORCE_ACCESS_CHECK), STATUS_SUCCESS);
  closed->Characteristics |= FILE_DEVICE_SECURE_OPEN;
  EXPECT_EQ(open(L"\\Device\\Closed\\file", OBJ_FORCE_ACCESS_CHECK), STATUS_ACCESS_DENIED);
}

TEST_F(DeviceSecurityTest, TheStackLimitsHoldTheStack) {
  ULONG_PTR low = 0, high = 0;
  IoGetStackLimits(&low, &high);
  auto here = reinterpret_cast<ULONG_PTR>(&low);
  EXPECT_TRUE(low < here && here < high);
  EXPECT_TRUE(IoWithinStackLimits(here, sizeof(low)));
  EXPECT_FALSE(IoWithinStackLimits(here, high - here + 1));
  EXPECT_FALSE(IoWithinStackLimits(low - 1, 1));
  EXPECT_LE(IoGetRemainingStackSize(), high - low);
}

}  // namespace
}  // namespace ring3::io
