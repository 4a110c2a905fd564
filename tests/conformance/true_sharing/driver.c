// SPDX-License-Identifier: MIT
#include "../common/test_driver.h"
#include "true_sharing.h"

// In units of 100 ns.
#define PATIENCE (20 * 10000000ll)

static BOOLEAN AwaitByte(volatile UCHAR* Byte, UCHAR Value) {
  LARGE_INTEGER start, now, shortly;

  shortly.QuadPart = -1;
  KeQuerySystemTime(&start);
  while (*Byte != Value) {
    KeQuerySystemTime(&now);
    if (now.QuadPart - start.QuadPart > PATIENCE) return FALSE;
    KeDelayExecutionThread(KernelMode, FALSE, &shortly);
  }
  return TRUE;
}

static NTSTATUS Play(volatile UCHAR* Bytes, ULONG Length) {
  ULONG round, at;

  for (round = 1; round <= ROUNDS; ++round) {
    if (!AwaitByte(Bytes, TurnOf(round, 0))) return STATUS_IO_TIMEOUT;
    for (at = NextOffset(0, Length);; at = NextOffset(at, Length)) {
      if (Bytes[at] != Mark(round, at, 0)) return STATUS_DATA_ERROR;
      Bytes[at] = Mark(round, at, 1);
      if (at == Length - 1) break;
    }
    Bytes[0] = TurnOf(round, 1);
  }
  return STATUS_SUCCESS;
}

static NTSTATUS LockOutput(PIRP Irp) {
  NTSTATUS status = STATUS_SUCCESS;

  // The I/O manager unlocks and frees the MDLs that hang on a completed request.
  if (IoAllocateMdl(Irp->UserBuffer, TestOutLength(Irp), FALSE, FALSE, Irp) == NULL)
    return STATUS_INSUFFICIENT_RESOURCES;
  __try {
    MmProbeAndLockPages(Irp->MdlAddress, UserMode, IoModifyAccess);
  } __except (EXCEPTION_EXECUTE_HANDLER) {
    status = GetExceptionCode();
    IoFreeMdl(Irp->MdlAddress);
    Irp->MdlAddress = NULL;
  }
  return status;
}

static NTSTATUS TestDispatch(PDEVICE_OBJECT DeviceObject, PIRP Irp) {
  ULONG code = TestCodeOf(Irp);
  FILL fill;
  PIRP shared;
  PUCHAR bytes;
  NTSTATUS status;

  UNREFERENCED_PARAMETER(DeviceObject);
  switch (code) {
    case IOCTL_SHARE_NEITHER:
      status = LockOutput(Irp);
      if (!NT_SUCCESS(status)) return TestComplete(Irp, status, 0);
      return TestPend(Irp);
    case IOCTL_SHARE:
    case IOCTL_SHARE_IN:
      return TestPend(Irp);
    case IOCTL_PLAY:
    case IOCTL_PEEK:
    case IOCTL_FILL:
      break;
    default:
      return TestComplete(Irp, STATUS_INVALID_DEVICE_REQUEST, 0);
  }
  shared = TestTake(NULL);
  if (shared == NULL) return TestComplete(Irp, STATUS_INVALID_DEVICE_STATE, 0);
  bytes = MmGetSystemAddressForMdlSafe(shared->MdlAddress, NormalPagePriority);
  TEST_CHECK(bytes != NULL);
  if (code == IOCTL_PEEK) {
    *(UCHAR*)Irp->AssociatedIrp.SystemBuffer = bytes[0];
    TestPend(shared);
    return TestComplete(Irp, STATUS_SUCCESS, 1);
  }
  if (code == IOCTL_FILL) {
    fill = *(FILL*)Irp->AssociatedIrp.SystemBuffer;
    TEST_CHECK(fill.Offset + fill.Length <= MmGetMdlByteCount(shared->MdlAddress));
    RtlFillMemory(bytes + fill.Offset, fill.Length, fill.Value);
    TestPend(shared);
    return TestComplete(Irp, STATUS_SUCCESS, 0);
  }
  status = Play(bytes, MmGetMdlByteCount(shared->MdlAddress));
  TestComplete(shared, status, 0);
  return TestComplete(Irp, status, 0);
}

static NTSTATUS TestStart(PDRIVER_OBJECT DriverObject) {
  UNREFERENCED_PARAMETER(DriverObject);
  return STATUS_SUCCESS;
}
