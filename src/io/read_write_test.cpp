// SPDX-License-Identifier: MIT
// Reads and writes by each way of passing the buffer; fast I/O; APCs at the end of a request.
#include <ddi/ex.h>
#include <ntstatus.h>

#include <cstring>

#include "io/services.h"
#include "io/test_driver.h"
#include "ke/service_scope.h"

namespace ring3::io {
namespace {

constexpr ULONG kCode = CTL_CODE(FILE_DEVICE_UNKNOWN, 0x900, METHOD_BUFFERED, FILE_ANY_ACCESS);

struct Seen {
  ULONG length = 0;
  LONGLONG offset = 0;
  void* system_buffer = nullptr;
  PMDL mdl = nullptr;
  void* user_buffer = nullptr;
  int calls = 0;
} g_seen;

void* DataOf(PIRP irp) {
  if (irp->MdlAddress != nullptr) return MmGetSystemAddressForMdlSafe(irp->MdlAddress, NormalPagePriority);
  return irp->AssociatedIrp.SystemBuffer != nullptr ? irp->AssociatedIrp.SystemBuffer : irp->UserBuffer;
}

NTSTATUS Transfer(PDEVICE_OBJECT, PIRP irp) {
  PIO_STACK_LOCATION stack = IoGetCurrentIrpStackLocation(irp);
  const bool is_read = stack->MajorFunction == IRP_MJ_READ;
  g_seen = {stack->Parameters.Read.Length,
            stack->Parameters.Read.ByteOffset.QuadPart,
            irp->AssociatedIrp.SystemBuffer,
            irp->MdlAddress,
            irp->UserBuffer,
            g_seen.calls + 1};
  NTSTATUS status = STATUS_SUCCESS;
  if (g_seen.length != 0 && is_read) std::memset(DataOf(irp), 'r', g_seen.length);
  if (g_seen.length != 0 && !is_read && *static_cast<char*>(DataOf(irp)) != 'w') status = STATUS_DATA_ERROR;
  irp->IoStatus.Status = status;
  irp->IoStatus.Information = g_seen.length;
  IoCompleteRequest(irp, IO_NO_INCREMENT);
  return status;
}

PIRP g_pending = nullptr;

NTSTATUS Pend(PDEVICE_OBJECT, PIRP irp) {
  IoMarkIrpPending(irp);
  g_pending = irp;
  return STATUS_PENDING;
}

class ReadWriteTest : public DriverTest {
 protected:
  void Load(ULONG flags) {
    g_seen = {};
    LoadTestDriver({.control = Pend, .read = Transfer, .write = Transfer, .device_flags = flags});
  }
  NTSTATUS Read(HANDLE file, void* buffer, ULONG byte_count, LONGLONG offset,
                KPROCESSOR_MODE mode = UserMode) {
    ke::ServiceScope scope(mode);
    LARGE_INTEGER at;
    at.QuadPart = offset;
    return ReadFile(mode, {file, nullptr, nullptr, nullptr, &iosb_}, buffer, byte_count, &at, nullptr);
  }
  NTSTATUS Write(HANDLE file, const void* buffer, ULONG byte_count, LONGLONG offset) {
    ke::ServiceScope scope(UserMode);
    LARGE_INTEGER at;
    at.QuadPart = offset;
    return WriteFile(UserMode, {file, nullptr, nullptr, nullptr, &iosb_}, buffer, byte_count, &at, nullptr);
  }
  IO_STATUS_BLOCK iosb_ = {};
};

TEST_F(ReadWriteTest, BufferedTransfersGoThroughASystemBuffer) {
  Load(DO_BUFFERED_IO);
  HANDLE file = Open();
  char buffer[100] = {};
  EXPECT_EQ(Read(file, buffer, 99, 0x123456789), STATUS_SUCCESS);
  EXPECT_EQ(g_seen.offset, 0x123456789);
  EXPECT_NE(g_seen.system_buffer, nullptr);
  EXPECT_NE(g_seen.system_buffer, buffer);
  EXPECT_EQ(g_seen.mdl, nullptr);
  EXPECT_EQ(buffer[98], 'r');
  EXPECT_EQ(buffer[99], 0);
  EXPECT_EQ(iosb_.Information, 99u);
  std::memset(buffer, 'w', sizeof(buffer));
  EXPECT_EQ(Write(file, buffer, 100, 0), STATUS_SUCCESS);
  EXPECT_EQ(Read(file, nullptr, 0, 0), STATUS_SUCCESS);
  Close(file);
}

TEST_F(ReadWriteTest, DirectTransfersShareTheCallersPages) {
  Load(DO_DIRECT_IO);
  HANDLE file = Open();
  char buffer[10000] = {};
  EXPECT_EQ(Read(file, buffer + 1, 9998, 0), STATUS_SUCCESS);
  EXPECT_NE(g_seen.mdl, nullptr);
  EXPECT_EQ(g_seen.system_buffer, nullptr);
  EXPECT_EQ(buffer[0], 0);
  EXPECT_EQ(buffer[9998], 'r');
  EXPECT_EQ(buffer[9999], 0);
  static const char kReadOnly[] = "write";
  EXPECT_EQ(Write(file, kReadOnly, 5, 0), STATUS_SUCCESS);
  EXPECT_EQ(Read(file, const_cast<char*>(kReadOnly), 5, 0), STATUS_ACCESS_VIOLATION);
  Close(file);
}

TEST_F(ReadWriteTest, WithNeitherTheDriverGetsTheAddress) {
  Load(0);
  HANDLE file = Open();
  char buffer[8] = {};
  EXPECT_EQ(Read(file, buffer, 8, 0), STATUS_SUCCESS);
  EXPECT_EQ(g_seen.user_buffer, buffer);
  EXPECT_EQ(buffer[7], 'r');
  Close(file);
}

TEST_F(ReadWriteTest, BadBuffersNeverReachTheDriver) {
  for (ULONG flags : {DO_BUFFERED_IO, DO_DIRECT_IO}) {
    Load(flags);
    HANDLE file = Open();
    auto* bad = reinterpret_cast<void*>(0x10);
    EXPECT_EQ(Read(file, bad, 8, 0), STATUS_ACCESS_VIOLATION);
    EXPECT_EQ(Write(file, bad, 8, 0), STATUS_ACCESS_VIOLATION);
    EXPECT_EQ(g_seen.calls, 0);
    Close(file);
    EXPECT_EQ(UnloadDriver(u"Test"), STATUS_SUCCESS);
  }
}

TEST_F(ReadWriteTest, OffsetsThatMeanNothingAreRefused) {
  Load(DO_BUFFERED_IO);
  HANDLE file = Open();
  char buffer[8] = {'w'};
  EXPECT_EQ(Read(file, buffer, 8, -5), STATUS_INVALID_PARAMETER);
  EXPECT_EQ(Read(file, buffer, 8, -1), STATUS_INVALID_PARAMETER);
  EXPECT_EQ(Write(file, buffer, 8, -1), STATUS_SUCCESS);  // to the end
  Close(file);
  file = Open(FILE_WRITE_DATA | SYNCHRONIZE);
  EXPECT_EQ(Read(file, buffer, 8, 0), STATUS_ACCESS_DENIED);
  Close(file);
}

TEST_F(ReadWriteTest, FastControlRequestsNeedNoPacket) {
  Load(0);
  static FAST_IO_DISPATCH dispatch;
  dispatch = {};
  dispatch.SizeOfFastIoDispatch = sizeof(dispatch);
  dispatch.FastIoDeviceControl = [](PFILE_OBJECT, BOOLEAN wait, PVOID, ULONG, PVOID output, ULONG length,
                                    ULONG, PIO_STATUS_BLOCK status, PDEVICE_OBJECT) -> BOOLEAN {
    EXPECT_TRUE(wait);
    if (length != 4) return FALSE;
    std::memcpy(output, "fast", 4);
    status->Status = STATUS_SUCCESS;
    status->Information = 4;
    return TRUE;
  };
  driver_object()->FastIoDispatch = &dispatch;
  HANDLE file = Open(GENERIC_READ | GENERIC_WRITE, 0);
  char out[8] = {};
  auto send = [&](ULONG length) {
    ke::ServiceScope scope(UserMode);
    return ControlFile(UserMode, ControlKind::kDevice, {file, nullptr, nullptr, nullptr, &iosb_}, kCode,
                       nullptr, 0, out, length);
  };
  g_pending = nullptr;
  EXPECT_EQ(send(4), STATUS_SUCCESS);
  EXPECT_EQ(std::memcmp(out, "fast", 4), 0);
  EXPECT_EQ(iosb_.Information, 4u);
  EXPECT_EQ(g_pending, nullptr);
  // Declined: a packet comes after all.
  EXPECT_EQ(send(8), STATUS_PENDING);
  ASSERT_NE(g_pending, nullptr);
  g_pending->IoStatus.Status = STATUS_SUCCESS;
  IoCompleteRequest(g_pending, IO_NO_INCREMENT);
  driver_object()->FastIoDispatch = nullptr;
  Close(file);
}

TEST_F(ReadWriteTest, AnApcTellsItsThreadTheEnd) {
  Load(0);
  HANDLE file = Open(GENERIC_READ | GENERIC_WRITE, 0);
  struct Told {
    int count = 0;
    PIO_STATUS_BLOCK iosb = nullptr;
  } told;
  ke::ServiceScope scope(KernelMode);
  EXPECT_EQ(ZwDeviceIoControlFile(
                file, nullptr,
                [](PVOID context, PIO_STATUS_BLOCK iosb, ULONG) {
                  ++static_cast<Told*>(context)->count;
                  static_cast<Told*>(context)->iosb = iosb;
                },
                &told, &iosb_, kCode, nullptr, 0, nullptr, 0),
            STATUS_PENDING);
  g_pending->IoStatus.Status = STATUS_SUCCESS;
  g_pending->IoStatus.Information = 5;
  IoCompleteRequest(g_pending, IO_NO_INCREMENT);
  // A kernel-mode caller's routine needs no wait.
  EXPECT_EQ(told.count, 1);
  EXPECT_EQ(told.iosb, &iosb_);
  EXPECT_EQ(iosb_.Information, 5u);
  Close(file);
}

}  // namespace
}  // namespace ring3::io
