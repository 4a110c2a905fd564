// SPDX-License-Identifier: MIT
// Three devices over one block of memory, which reads and writes see at their byte offset: one with buffered, one with
// direct and one with neither I/O.
#include "../common/test_driver.h"

enum { storeSize = 5 * PAGE_SIZE };
static UCHAR Store[storeSize];

// The driver's address of the request's buffer.
static PUCHAR BufferOf(PDEVICE_OBJECT DeviceObject, PIRP Irp, ULONG Length) {
  if (DeviceObject->Flags & DO_BUFFERED_IO) {
    TEST_CHECK(Irp->MdlAddress == NULL);
    TEST_CHECK((Irp->AssociatedIrp.SystemBuffer != NULL) == (Length != 0));
    return Irp->AssociatedIrp.SystemBuffer;
  }
  TEST_CHECK(Irp->AssociatedIrp.SystemBuffer == NULL);
  if (DeviceObject->Flags & DO_DIRECT_IO) {
    TEST_CHECK((Irp->MdlAddress != NULL) == (Length != 0));
    if (Length == 0) return NULL;
    TEST_CHECK(MmGetMdlByteCount(Irp->MdlAddress) == Length);
    return MmGetSystemAddressForMdlSafe(Irp->MdlAddress, NormalPagePriority);
  }
  TEST_CHECK(Irp->MdlAddress == NULL);
  return Irp->UserBuffer;
}

static NTSTATUS TestDispatch(PDEVICE_OBJECT DeviceObject, PIRP Irp) {
  PIO_STACK_LOCATION stack = IoGetCurrentIrpStackLocation(Irp);
  BOOLEAN write = stack->MajorFunction == IRP_MJ_WRITE;
  volatile NTSTATUS status = STATUS_SUCCESS;
  LONGLONG offset;
  ULONG length;
  PUCHAR buffer;

  if (stack->MajorFunction == IRP_MJ_DEVICE_CONTROL) return TestComplete(Irp, STATUS_INVALID_DEVICE_REQUEST, 0);
  offset = write ? stack->Parameters.Write.ByteOffset.QuadPart : stack->Parameters.Read.ByteOffset.QuadPart;
  length = write ? stack->Parameters.Write.Length : stack->Parameters.Read.Length;
  buffer = BufferOf(DeviceObject, Irp, length);
  if (offset < 0) return TestComplete(Irp, STATUS_INVALID_PARAMETER, 0);
  if (offset >= storeSize) return TestComplete(Irp, write ? STATUS_DISK_FULL : STATUS_END_OF_FILE, 0);
  if (length > storeSize - (ULONG)offset) length = storeSize - (ULONG)offset;
  __try {
    if (!(DeviceObject->Flags & (DO_BUFFERED_IO | DO_DIRECT_IO))) {
      if (write) {
        ProbeForRead(buffer, length, 1);
      } else {
        ProbeForWrite(buffer, length, 1);
      }
    }
    if (write) {
      RtlCopyMemory(Store + offset, buffer, length);
    } else {
      RtlCopyMemory(buffer, Store + offset, length);
    }
  } __except (EXCEPTION_EXECUTE_HANDLER) {
    status = GetExceptionCode();
  }
  return TestComplete(Irp, status, NT_SUCCESS(status) ? length : 0);
}

static NTSTATUS TestStart(PDRIVER_OBJECT DriverObject) {
  NTSTATUS status = TestAddDevice(DriverObject, L"\\Device\\Ring3Direct", L"\\??\\Ring3Direct", DO_DIRECT_IO, FALSE);
  if (!NT_SUCCESS(status)) return status;
  return TestAddDevice(DriverObject, L"\\Device\\Ring3Neither", L"\\??\\Ring3Neither", 0, FALSE);
}
