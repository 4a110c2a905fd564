// SPDX-License-Identifier: MIT
// Requests from the service to the driver and back.
#include <ddi/ex.h>
#include <ddi/zw.h>
#include <devioctl.h>
#include <ntstatus.h>

#include <atomic>
#include <cstring>
#include <string>
#include <thread>
#include <vector>

#include "io/driver.h"
#include "io/services.h"
#include "io/test_driver.h"
#include "ke/service_scope.h"
#include "ring3/test.h"

namespace ring3::io {
namespace {

constexpr ULONG kEcho = CTL_CODE(FILE_DEVICE_UNKNOWN, 0x800, METHOD_BUFFERED, FILE_ANY_ACCESS);
constexpr ULONG kOut = CTL_CODE(FILE_DEVICE_UNKNOWN, 0x801, METHOD_OUT_DIRECT, FILE_ANY_ACCESS);
constexpr ULONG kIn = CTL_CODE(FILE_DEVICE_UNKNOWN, 0x802, METHOD_IN_DIRECT, FILE_ANY_ACCESS);
constexpr ULONG kNeither = CTL_CODE(FILE_DEVICE_UNKNOWN, 0x803, METHOD_NEITHER, FILE_ANY_ACCESS);
constexpr ULONG kWrite = CTL_CODE(FILE_DEVICE_UNKNOWN, 0x804, METHOD_BUFFERED, FILE_WRITE_ACCESS);
constexpr ULONG kPend = CTL_CODE(FILE_DEVICE_UNKNOWN, 0x805, METHOD_BUFFERED, FILE_ANY_ACCESS);
constexpr ULONG kOverflow = CTL_CODE(FILE_DEVICE_UNKNOWN, 0x806, METHOD_BUFFERED, FILE_ANY_ACCESS);
constexpr ULONG kFail = CTL_CODE(FILE_DEVICE_UNKNOWN, 0x807, METHOD_BUFFERED, FILE_ANY_ACCESS);
constexpr ULONG kLie = CTL_CODE(FILE_DEVICE_UNKNOWN, 0x808, METHOD_BUFFERED, FILE_ANY_ACCESS);

constexpr ULONG kMeetCanceller = CTL_CODE(FILE_DEVICE_UNKNOWN, 0x809, METHOD_BUFFERED, FILE_ANY_ACCESS);

// A request and who cancels it meet here. The canceller knows what the request's thread did before, as it
// does from a thread's list; of the canceller the thread knows nothing.
std::atomic<PIRP> g_met{nullptr};
std::atomic<bool> g_was_cancelled{false};

int g_controls = 0;
PIRP g_pending = nullptr;

NTSTATUS Complete(PIRP irp, NTSTATUS status, ULONG_PTR information) {
  irp->IoStatus.Status = status;
  irp->IoStatus.Information = information;
  IoCompleteRequest(irp, IO_NO_INCREMENT);
  return status;
}

VOID CancelPending(PDEVICE_OBJECT, PIRP irp) {
  IoReleaseCancelSpinLock(irp->CancelIrql);
  g_pending = nullptr;
  Complete(irp, STATUS_CANCELLED, 0);
}

NTSTATUS Control(PDEVICE_OBJECT, PIRP irp) {
  ++g_controls;
  PIO_STACK_LOCATION stack = IoGetCurrentIrpStackLocation(irp);
  ULONG in = stack->Parameters.DeviceIoControl.InputBufferLength;
  ULONG out = stack->Parameters.DeviceIoControl.OutputBufferLength;
  auto* buffer = static_cast<UCHAR*>(irp->AssociatedIrp.SystemBuffer);
  switch (stack->Parameters.DeviceIoControl.IoControlCode) {
    case kEcho:
      return Complete(irp, STATUS_SUCCESS, in < out ? in : out);
    case kLie:
      std::memset(buffer, 7, out);
      return Complete(irp, STATUS_SUCCESS, 1000);
    case kOverflow:
      std::memset(buffer, 9, out);
      return Complete(irp, STATUS_BUFFER_OVERFLOW, out);
    case kFail:
      std::memset(buffer, 9, out);
      return Complete(irp, STATUS_UNSUCCESSFUL, out);
    case kOut: {
      if (irp->MdlAddress == nullptr) return Complete(irp, STATUS_SUCCESS, 0);
      void* direct = MmGetSystemAddressForMdlSafe(irp->MdlAddress, NormalPagePriority);
      std::memset(direct, 0x42, MmGetMdlByteCount(irp->MdlAddress));
      return Complete(irp, STATUS_SUCCESS, out);
    }
    case kIn: {
      auto* direct = static_cast<UCHAR*>(MmGetSystemAddressForMdlSafe(irp->MdlAddress, NormalPagePriority));
      return Complete(irp, direct[0] == 0x17 ? STATUS_SUCCESS : STATUS_DATA_ERROR, 0);
    }
    case kNeither:
      return Complete(irp, STATUS_SUCCESS,
                      reinterpret_cast<ULONG_PTR>(irp->UserBuffer) ^
                          reinterpret_cast<ULONG_PTR>(stack->Parameters.DeviceIoControl.Type3InputBuffer));
    case kPend:
      IoMarkIrpPending(irp);
      IoSetCancelRoutine(irp, CancelPending);
      g_pending = irp;
      return STATUS_PENDING;
    case kMeetCanceller:
      g_met.store(irp, std::memory_order_release);
      while (!g_was_cancelled.load(std::memory_order_relaxed)) std::this_thread::yield();
      return Complete(irp, irp->Cancel ? STATUS_CANCELLED : STATUS_SUCCESS, 0);
    default:
      return Complete(irp, STATUS_INVALID_DEVICE_REQUEST, 0);
  }
}

class RequestTest : public DriverTest {
 protected:
  void SetUp() override {
    DriverTest::SetUp();
    g_controls = 0;
    g_pending = nullptr;
    LoadTestDriver({.control = Control});
  }

  NTSTATUS Send(HANDLE file, ULONG code, void* in, ULONG in_bytes, void* out, ULONG out_bytes,
                KPROCESSOR_MODE mode = UserMode, HANDLE event = nullptr) {
    ke::ServiceScope scope(mode);
    iosb_ = {};
    return ControlFile(mode, ControlKind::kDevice, {file, event, nullptr, nullptr, &iosb_}, code, in,
                       in_bytes, out, out_bytes);
  }

  IO_STATUS_BLOCK iosb_ = {};
};

TEST_F(RequestTest, BufferedCopiesInAndOut) {
  HANDLE file = Open();
  char in[100], out[100] = {};
  std::memset(in, 'x', sizeof(in));
  EXPECT_EQ(Send(file, kEcho, in, 100, out, 100), STATUS_SUCCESS);
  EXPECT_EQ(std::memcmp(in, out, 100), 0);
  EXPECT_EQ(iosb_.Information, 100u);
  EXPECT_EQ(Send(file, kEcho, nullptr, 0, nullptr, 0), STATUS_SUCCESS);
  EXPECT_EQ(iosb_.Information, 0u);
  Close(file);
}

TEST_F(RequestTest, BufferedNeverCopiesMoreThanTheCallerHas) {
  HANDLE file = Open();
  char in[4096] = {}, out[16] = {};
  EXPECT_EQ(Send(file, kLie, in, sizeof(in), out, 8), STATUS_SUCCESS);
  EXPECT_EQ(out[7], 7);
  EXPECT_EQ(out[8], 0);
  Close(file);
}

TEST_F(RequestTest, WarningsCopyAndErrorsDoNot) {
  HANDLE file = Open();
  char out[8] = {};
  EXPECT_EQ(Send(file, kOverflow, nullptr, 0, out, 8), STATUS_BUFFER_OVERFLOW);
  EXPECT_EQ(out[0], 9);
  std::memset(out, 0, sizeof(out));
  EXPECT_EQ(Send(file, kFail, nullptr, 0, out, 8), STATUS_UNSUCCESSFUL);
  EXPECT_EQ(out[0], 0);
  Close(file);
}

TEST_F(RequestTest, DirectSharesTheCallersPages) {
  HANDLE file = Open();
  std::vector<UCHAR> buffer(3 * 4096 + 5);
  EXPECT_EQ(Send(file, kOut, nullptr, 0, buffer.data() + 1, static_cast<ULONG>(buffer.size() - 1)),
            STATUS_SUCCESS);
  EXPECT_EQ(buffer[0], 0);
  EXPECT_EQ(buffer[1], 0x42);
  EXPECT_EQ(buffer.back(), 0x42);
  buffer[0] = 0x17;
  EXPECT_EQ(Send(file, kIn, nullptr, 0, buffer.data(), 4096), STATUS_SUCCESS);
  EXPECT_EQ(Send(file, kOut, nullptr, 0, nullptr, 0), STATUS_SUCCESS);
  Close(file);
}

TEST_F(RequestTest, NeitherPassesPointersThrough) {
  HANDLE file = Open();
  auto* in = reinterpret_cast<void*>(0x1234);
  auto* out = reinterpret_cast<void*>(0x4321);
  EXPECT_EQ(Send(file, kNeither, in, 10, out, 10), STATUS_SUCCESS);
  EXPECT_EQ(iosb_.Information, 0x1234u ^ 0x4321u);
  Close(file);
}

TEST_F(RequestTest, BadBuffersNeverReachTheDriver) {
  HANDLE file = Open();
  char good[16] = {};
  auto* bad = reinterpret_cast<void*>(0x10);
  auto* system = reinterpret_cast<void*>(0x7b00'0000'1000);
  static const char kReadOnly[16] = {1};
  EXPECT_EQ(Send(file, kEcho, bad, 16, good, 16), STATUS_ACCESS_VIOLATION);
  EXPECT_EQ(Send(file, kEcho, good, 16, bad, 16), STATUS_ACCESS_VIOLATION);
  EXPECT_EQ(Send(file, kEcho, good, 16, system, 16), STATUS_ACCESS_VIOLATION);
  EXPECT_EQ(Send(file, kEcho, good, 16, const_cast<char*>(kReadOnly), 16), STATUS_ACCESS_VIOLATION);
  EXPECT_EQ(Send(file, kOut, nullptr, 0, bad, 16), STATUS_ACCESS_VIOLATION);
  EXPECT_EQ(Send(file, kOut, nullptr, 0, const_cast<char*>(kReadOnly), 16), STATUS_ACCESS_VIOLATION);
  EXPECT_EQ(Send(file, kOut, nullptr, 0, good, 0x7FFFF000u), STATUS_ACCESS_VIOLATION);
  EXPECT_EQ(g_controls, 0);
  Close(file);
}

TEST_F(RequestTest, TheCodesAccessIsCheckedAgainstTheHandle) {
  HANDLE file = Open(FILE_READ_DATA | SYNCHRONIZE);
  EXPECT_EQ(Send(file, kWrite, nullptr, 0, nullptr, 0), STATUS_ACCESS_DENIED);
  EXPECT_EQ(g_controls, 0);
  Close(file);
}

TEST_F(RequestTest, UnknownHandlesAreRefused) {
  EXPECT_EQ(Send(reinterpret_cast<HANDLE>(0x7770), kEcho, nullptr, 0, nullptr, 0), STATUS_INVALID_HANDLE);
}

TEST_F(RequestTest, AnOverlappedRequestEndsWithItsEvent) {
  HANDLE file = Open(GENERIC_READ | GENERIC_WRITE, 0);
  HANDLE event = nullptr;
  ASSERT_EQ(ZwCreateEvent(&event, EVENT_ALL_ACCESS, nullptr, NotificationEvent, FALSE), STATUS_SUCCESS);
  char out[4] = {};
  EXPECT_EQ(Send(file, kPend, nullptr, 0, out, 4, KernelMode, event), STATUS_PENDING);
  ASSERT_NE(g_pending, nullptr);
  LARGE_INTEGER none = {};
  EXPECT_EQ(ZwWaitForSingleObject(event, FALSE, &none), STATUS_TIMEOUT);
  PIRP irp = g_pending;
  IoSetCancelRoutine(irp, nullptr);
  std::memcpy(irp->AssociatedIrp.SystemBuffer, "abc", 4);
  Complete(irp, STATUS_SUCCESS, 4);
  EXPECT_EQ(ZwWaitForSingleObject(event, FALSE, nullptr), STATUS_SUCCESS);
  EXPECT_STREQ(out, "abc");
  EXPECT_EQ(iosb_.Status, STATUS_SUCCESS);
  EXPECT_EQ(iosb_.Information, 4u);
  ZwClose(event);
  Close(file);
}

TEST_F(RequestTest, CompletingAtDispatchLevelWorksToo) {
  HANDLE file = Open(GENERIC_READ | GENERIC_WRITE, 0);
  HANDLE event = nullptr;
  ASSERT_EQ(ZwCreateEvent(&event, EVENT_ALL_ACCESS, nullptr, NotificationEvent, FALSE), STATUS_SUCCESS);
  char out[4] = {};
  EXPECT_EQ(Send(file, kPend, nullptr, 0, out, 4, KernelMode, event), STATUS_PENDING);
  KIRQL old;
  KeRaiseIrql(DISPATCH_LEVEL, &old);
  IoSetCancelRoutine(g_pending, nullptr);
  std::memcpy(g_pending->AssociatedIrp.SystemBuffer, "dpc", 4);
  Complete(g_pending, STATUS_SUCCESS, 4);
  KeLowerIrql(old);
  EXPECT_EQ(ZwWaitForSingleObject(event, FALSE, nullptr), STATUS_SUCCESS);
  EXPECT_STREQ(out, "dpc");
  ZwClose(event);
  Close(file);
}

TEST_F(RequestTest, CancelEndsWhatIsPending) {
  HANDLE file = Open(GENERIC_READ | GENERIC_WRITE, 0);
  char out[4] = {};
  EXPECT_EQ(Send(file, kPend, nullptr, 0, out, 4), STATUS_PENDING);
  IO_STATUS_BLOCK cancel = {};
  EXPECT_EQ(ZwCancelIoFile(file, &cancel), STATUS_SUCCESS);
  EXPECT_EQ(iosb_.Status, STATUS_CANCELLED);
  EXPECT_EQ(ZwCancelIoFileEx(file, nullptr, &cancel), STATUS_NOT_FOUND);
  Close(file);
}

TEST_F(RequestTest, CancellingMeetsCompletion) {
  HANDLE file = Open();
  g_met = nullptr;
  g_was_cancelled = false;
  std::thread canceller([] {
    // Makes it a thread of the executive, which takes locks.
    ke::CurrentThread();
    PIRP irp = nullptr;
    while ((irp = g_met.load(std::memory_order_acquire)) == nullptr) std::this_thread::yield();
    EXPECT_FALSE(IoCancelIrp(irp));
    g_was_cancelled.store(true, std::memory_order_relaxed);
  });
  EXPECT_EQ(Send(file, kMeetCanceller, nullptr, 0, nullptr, 0), STATUS_CANCELLED);
  canceller.join();
  Close(file);
}

TEST_F(RequestTest, CompletionMeetsTheLastClose) {
  HANDLE file = Open(GENERIC_READ | GENERIC_WRITE, 0);
  HANDLE event = nullptr;
  ASSERT_EQ(ZwCreateEvent(&event, EVENT_ALL_ACCESS, nullptr, NotificationEvent, FALSE), STATUS_SUCCESS);
  char out[4] = {};
  ASSERT_EQ(Send(file, kPend, nullptr, 0, out, 4, KernelMode, event), STATUS_PENDING);
  std::atomic<bool> is_closed{false};
  std::thread completer([&] {
    ke::CurrentThread();
    while (!is_closed.load(std::memory_order_relaxed)) std::this_thread::yield();
    IoSetCancelRoutine(g_pending, nullptr);
    Complete(g_pending, STATUS_SUCCESS, 0);
  });
  Close(file);
  is_closed.store(true, std::memory_order_relaxed);
  completer.join();
  EXPECT_EQ(counts().close, 1);
  EXPECT_EQ(iosb_.Status, STATUS_SUCCESS);
  ZwClose(event);
}

TEST_F(RequestTest, ACompletionPortTellsTheEnd) {
  HANDLE file = Open(GENERIC_READ | GENERIC_WRITE, 0);
  ke::ServiceScope scope(KernelMode);
  HANDLE port = nullptr;
  ASSERT_EQ(CreateIoCompletion(KernelMode, &port, IO_COMPLETION_ALL_ACCESS, nullptr, 0), STATUS_SUCCESS);
  FILE_COMPLETION_INFORMATION information = {port, reinterpret_cast<void*>(0x77)};
  IO_STATUS_BLOCK iosb = {};
  ASSERT_EQ(ZwSetInformationFile(file, &iosb, &information, sizeof(information), FileCompletionInformation),
            STATUS_SUCCESS);
  char buffer[4] = {};
  ASSERT_EQ(ZwDeviceIoControlFile(file, nullptr, nullptr, reinterpret_cast<void*>(0x99), &iosb, kEcho, buffer,
                                  4, buffer, 4),
            STATUS_SUCCESS);
  FILE_IO_COMPLETION_INFORMATION packet = {};
  ULONG removed = 0;
  EXPECT_EQ(RemoveIoCompletion(KernelMode, port, &packet, 1, &removed, nullptr, false), STATUS_SUCCESS);
  EXPECT_EQ(removed, 1u);
  EXPECT_EQ(packet.KeyContext, reinterpret_cast<void*>(0x77));
  EXPECT_EQ(packet.ApcContext, reinterpret_cast<void*>(0x99));
  EXPECT_EQ(packet.IoStatusBlock.Information, 4u);
  LARGE_INTEGER none = {};
  EXPECT_EQ(RemoveIoCompletion(KernelMode, port, &packet, 1, &removed, &none, false), STATUS_TIMEOUT);
  ZwClose(port);
  Close(file);
}

TEST_F(RequestTest, CleanupAndCloseReachTheDriver) {
  HANDLE file = Open();
  EXPECT_EQ(counts().create, 1);
  Close(file);
  EXPECT_EQ(counts().cleanup, 1);
  EXPECT_EQ(counts().close, 1);
}

}  // namespace
}  // namespace ring3::io
