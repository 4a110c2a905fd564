// SPDX-License-Identifier: MIT
// METHOD_BUFFERED: the I/O manager copies the input into a system buffer before the driver is called, and
// IoStatus.Information bytes of the same buffer back to the application when the request is completed.
#include "../common/sample_driver.h"
#include "buffered_io.h"

DRIVER_INITIALIZE DriverEntry;
DRIVER_UNLOAD BufferedUnload;
DRIVER_DISPATCH BufferedControl;

NTSTATUS BufferedControl(PDEVICE_OBJECT DeviceObject, PIRP Irp) {
  PIO_STACK_LOCATION stack = IoGetCurrentIrpStackLocation(Irp);
  ULONG inLength = stack->Parameters.DeviceIoControl.InputBufferLength;
  ULONG outLength = stack->Parameters.DeviceIoControl.OutputBufferLength;
  PCHAR text = Irp->AssociatedIrp.SystemBuffer;
  UPPERCASE_REPLY* reply = Irp->AssociatedIrp.SystemBuffer;
  ULONG needed, i;

  UNREFERENCED_PARAMETER(DeviceObject);
  if (stack->Parameters.DeviceIoControl.IoControlCode != IOCTL_UPPERCASE) {
    return SampleComplete(Irp, STATUS_INVALID_DEVICE_REQUEST, 0);
  }
  needed = FIELD_OFFSET(UPPERCASE_REPLY, Text) + inLength;
  if (inLength == 0 || outLength < needed) return SampleComplete(Irp, STATUS_BUFFER_TOO_SMALL, 0);

  for (i = 0; i < inLength; ++i) {
    if (text[i] >= 'a' && text[i] <= 'z') text[i] -= 'a' - 'A';
  }
  // Input and output share the buffer: move the text before the header goes over it.
  RtlMoveMemory(reply->Text, text, inLength);
  reply->SystemBuffer = (ULONG64)(ULONG_PTR)Irp->AssociatedIrp.SystemBuffer;
  return SampleComplete(Irp, STATUS_SUCCESS, needed);
}

VOID BufferedUnload(PDRIVER_OBJECT DriverObject) {
  SampleDeleteDevice(DriverObject->DeviceObject, L"\\??\\BufferedIo");
}

NTSTATUS DriverEntry(PDRIVER_OBJECT DriverObject, PUNICODE_STRING RegistryPath) {
  PDEVICE_OBJECT device;

  UNREFERENCED_PARAMETER(RegistryPath);
  DriverObject->MajorFunction[IRP_MJ_CREATE] = SampleCreateClose;
  DriverObject->MajorFunction[IRP_MJ_CLOSE] = SampleCreateClose;
  DriverObject->MajorFunction[IRP_MJ_DEVICE_CONTROL] = BufferedControl;
  DriverObject->DriverUnload = BufferedUnload;
  return SampleCreateDevice(DriverObject, L"BufferedIo", 0, &device);
}
