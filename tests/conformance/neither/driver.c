// SPDX-License-Identifier: MIT
#include "../common/test_driver.h"
#include "neither.h"

static POINTERS Remembered;

static NTSTATUS LockAndMark(PVOID Buffer, ULONG Length) {
  NTSTATUS status = STATUS_SUCCESS;
  PMDL mdl = IoAllocateMdl(Buffer, Length, FALSE, FALSE, NULL);
  PUCHAR bytes;

  if (mdl == NULL) return STATUS_INSUFFICIENT_RESOURCES;
  __try {
    MmProbeAndLockPages(mdl, UserMode, IoWriteAccess);
  } __except (EXCEPTION_EXECUTE_HANDLER) {
    status = GetExceptionCode();
  }
  if (NT_SUCCESS(status)) {
    bytes = MmGetSystemAddressForMdlSafe(mdl, NormalPagePriority);
    TEST_CHECK(bytes != NULL);
    bytes[Length - 1] = 0x77;
    MmUnlockPages(mdl);
  } else {
    TEST_CHECK(!(mdl->MdlFlags & MDL_PAGES_LOCKED));
  }
  IoFreeMdl(mdl);
  return status;
}

static NTSTATUS FollowChain(NODE* Node) {
  NTSTATUS status = STATUS_SUCCESS;
  NODE captured;
  int finallies = 0;

  __try {
    while (Node != NULL) {
      __try {
        ProbeForRead(Node, sizeof(NODE), TYPE_ALIGNMENT(NODE));
        captured = *Node;
        ProbeForWrite(captured.Value, sizeof(ULONG), TYPE_ALIGNMENT(ULONG));
        *captured.Value *= 2;
        Node = captured.Next;
      } __finally {
        ++finallies;
      }
    }
  } __except (GetExceptionCode() == STATUS_ACCESS_VIOLATION || GetExceptionCode() == STATUS_DATATYPE_MISALIGNMENT
                  ? EXCEPTION_EXECUTE_HANDLER
                  : EXCEPTION_CONTINUE_SEARCH) {
    status = GetExceptionCode();
    TEST_CHECK(finallies >= 1);
  }
  return status;
}

static NTSTATUS TestDispatch(PDEVICE_OBJECT DeviceObject, PIRP Irp) {
  PIO_STACK_LOCATION stack = IoGetCurrentIrpStackLocation(Irp);
  volatile UCHAR* input = stack->Parameters.DeviceIoControl.Type3InputBuffer;
  volatile UCHAR* output = Irp->UserBuffer;
  ULONG in = TestInLength(Irp), out = TestOutLength(Irp);
  NTSTATUS status = STATUS_SUCCESS;
  UCHAR value;

  UNREFERENCED_PARAMETER(DeviceObject);
  TEST_CHECK(Irp->MdlAddress == NULL);
  switch (TestCodeOf(Irp)) {
    case IOCTL_REMEMBER:
      Remembered = *(POINTERS*)Irp->AssociatedIrp.SystemBuffer;
      break;
    case IOCTL_POINTERS:
      TEST_CHECK(Irp->AssociatedIrp.SystemBuffer == NULL);
      TEST_CHECK((ULONG64)(ULONG_PTR)input == Remembered.Input && in == Remembered.InLength);
      TEST_CHECK((ULONG64)(ULONG_PTR)output == Remembered.Output && out == Remembered.OutLength);
      break;
    case IOCTL_PROBE_READ:
      __try {
        ProbeForRead(input, in, TYPE_ALIGNMENT(ULONG));
      } __except (EXCEPTION_EXECUTE_HANDLER) {
        status = GetExceptionCode();
      }
      break;
    case IOCTL_PROBE_WRITE:
      __try {
        ProbeForWrite(output, out, TYPE_ALIGNMENT(ULONG));
      } __except (EXCEPTION_EXECUTE_HANDLER) {
        status = GetExceptionCode();
      }
      break;
    case IOCTL_LOCK:
      status = LockAndMark((PVOID)output, out);
      break;
    case IOCTL_READ:
      __try {
        value = *input;
        UNREFERENCED_PARAMETER(value);
      } __except (EXCEPTION_EXECUTE_HANDLER) {
        status = GetExceptionCode();
      }
      break;
    case IOCTL_WRITE:
      __try {
        *output = 1;
      } __except (EXCEPTION_EXECUTE_HANDLER) {
        status = GetExceptionCode();
      }
      break;
    case IOCTL_READ_UNGUARDED:
      value = *input;
      UNREFERENCED_PARAMETER(value);
      break;
    case IOCTL_WRITE_UNGUARDED:
      *output = 1;
      break;
    case IOCTL_CHAIN:
      status = FollowChain((NODE*)input);
      break;
    default:
      status = STATUS_INVALID_DEVICE_REQUEST;
  }
  TEST_CHECK(KeGetCurrentIrql() == PASSIVE_LEVEL);
  return TestComplete(Irp, status, 0);
}

static NTSTATUS TestStart(PDRIVER_OBJECT DriverObject) {
  UNREFERENCED_PARAMETER(DriverObject);
  return STATUS_SUCCESS;
}
