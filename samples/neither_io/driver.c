// SPDX-License-Identifier: MIT
// METHOD_NEITHER: the driver gets the raw user pointers, and everything that can be wrong with them is its
// own business. Probe inside __try, capture before checking, lock what is used.
#include "../common/sample_driver.h"
#include "neither_io.h"

DRIVER_INITIALIZE DriverEntry;
DRIVER_UNLOAD NeitherUnload;
DRIVER_DISPATCH NeitherControl;

// Fills `Length` bytes of user memory through a system address, and adds up what was there.
static NTSTATUS NeitherFill(PUCHAR Data, SIZE_T Length, UCHAR Value, PULONG Sum) {
  NTSTATUS status = STATUS_SUCCESS;
  PUCHAR bytes;
  SIZE_T i;
  PMDL mdl;

  if (Length > MAXULONG) return STATUS_INVALID_PARAMETER;
  mdl = IoAllocateMdl(Data, (ULONG)Length, FALSE, FALSE, NULL);
  if (mdl == NULL) return STATUS_INSUFFICIENT_RESOURCES;
  __try {
    MmProbeAndLockPages(mdl, UserMode, IoModifyAccess);
  } __except (EXCEPTION_EXECUTE_HANDLER) {
    status = GetExceptionCode();
    IoFreeMdl(mdl);
    return status;
  }
  bytes = MmGetSystemAddressForMdlSafe(mdl, NormalPagePriority);
  if (bytes == NULL) {
    status = STATUS_INSUFFICIENT_RESOURCES;
  } else {
    for (*Sum = 0, i = 0; i < Length; ++i) {
      *Sum += bytes[i];
      bytes[i] = Value;
    }
  }
  MmUnlockPages(mdl);
  IoFreeMdl(mdl);
  return status;
}

static NTSTATUS NeitherFillPieces(PPIECE Pieces, ULONG Length) {
  NTSTATUS status = STATUS_SUCCESS;
  ULONG count = Length / sizeof(PIECE), i;
  PIECE piece;

  if (count == 0 || Length % sizeof(PIECE) != 0) return STATUS_INVALID_PARAMETER;
  __try {
    ProbeForWrite(Pieces, Length, TYPE_ALIGNMENT(PIECE));
    for (i = 0; i < count && NT_SUCCESS(status); ++i) {
      piece = Pieces[i];  // captured: the application may change it meanwhile
      status = NeitherFill(piece.Data, piece.Length, piece.Value, &piece.SumOfBefore);
      if (NT_SUCCESS(status)) Pieces[i].SumOfBefore = piece.SumOfBefore;
    }
  } __except (EXCEPTION_EXECUTE_HANDLER) {
    status = GetExceptionCode();
  }
  return status;
}

NTSTATUS NeitherControl(PDEVICE_OBJECT DeviceObject, PIRP Irp) {
  PIO_STACK_LOCATION stack = IoGetCurrentIrpStackLocation(Irp);

  UNREFERENCED_PARAMETER(DeviceObject);
  if (stack->Parameters.DeviceIoControl.IoControlCode != IOCTL_FILL_PIECES) {
    return SampleComplete(Irp, STATUS_INVALID_DEVICE_REQUEST, 0);
  }
  return SampleComplete(Irp,
                        NeitherFillPieces(stack->Parameters.DeviceIoControl.Type3InputBuffer,
                                          stack->Parameters.DeviceIoControl.InputBufferLength),
                        0);
}

VOID NeitherUnload(PDRIVER_OBJECT DriverObject) {
  SampleDeleteDevice(DriverObject->DeviceObject, L"\\??\\NeitherIo");
}

NTSTATUS DriverEntry(PDRIVER_OBJECT DriverObject, PUNICODE_STRING RegistryPath) {
  PDEVICE_OBJECT device;

  UNREFERENCED_PARAMETER(RegistryPath);
  DriverObject->MajorFunction[IRP_MJ_CREATE] = SampleCreateClose;
  DriverObject->MajorFunction[IRP_MJ_CLOSE] = SampleCreateClose;
  DriverObject->MajorFunction[IRP_MJ_DEVICE_CONTROL] = NeitherControl;
  DriverObject->DriverUnload = NeitherUnload;
  return SampleCreateDevice(DriverObject, L"NeitherIo", 0, &device);
}
