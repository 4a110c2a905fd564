// SPDX-License-Identifier: MIT
// A driver that does what a sanitizer is there to report.
#include "../../samples/common/sample_driver.h"
#include "overrun.h"

DRIVER_INITIALIZE DriverEntry;
DRIVER_UNLOAD OverrunUnload;
DRIVER_DISPATCH OverrunControl;

static DECLSPEC_NOINLINE VOID Fill(volatile UCHAR* Bytes, SIZE_T Length) {
  SIZE_T i;

  for (i = 0; i < Length; ++i) Bytes[i] = 'x';
}

static DECLSPEC_NOINLINE VOID OverrunPool(VOID) {
  volatile UCHAR* bytes = ExAllocatePool2(POOL_FLAG_NON_PAGED, 40, SAMPLE_TAG);

  if (bytes == NULL) return;
  bytes[40] = 1;
  ExFreePoolWithTag((PVOID)bytes, SAMPLE_TAG);
}

static DECLSPEC_NOINLINE VOID TouchFreedPool(VOID) {
  volatile UCHAR* bytes = ExAllocatePool2(POOL_FLAG_NON_PAGED, 40, SAMPLE_TAG);

  if (bytes == NULL) return;
  ExFreePoolWithTag((PVOID)bytes, SAMPLE_TAG);
  bytes[0] = 1;
}

NTSTATUS OverrunControl(PDEVICE_OBJECT DeviceObject, PIRP Irp) {
  PIO_STACK_LOCATION stack = IoGetCurrentIrpStackLocation(Irp);
  ULONG length = stack->Parameters.DeviceIoControl.OutputBufferLength;
  PVOID bytes;

  UNREFERENCED_PARAMETER(DeviceObject);
  switch (stack->Parameters.DeviceIoControl.IoControlCode) {
    case IOCTL_OVERRUN_POOL:
      OverrunPool();
      break;
    case IOCTL_TOUCH_FREED_POOL:
      TouchFreedPool();
      break;
    case IOCTL_OVERRUN_BUFFERED:
      Fill(Irp->AssociatedIrp.SystemBuffer, length + 1);
      break;
    case IOCTL_OVERRUN_DIRECT:
      bytes = MmGetSystemAddressForMdlSafe(Irp->MdlAddress, NormalPagePriority | MdlMappingNoExecute);
      if (bytes == NULL) return SampleComplete(Irp, STATUS_INSUFFICIENT_RESOURCES, 0);
      Fill(bytes, length + 1);
      break;
    case IOCTL_OVERRUN_NEITHER:
      Fill(Irp->UserBuffer, length + 1);
      break;
    default:
      return SampleComplete(Irp, STATUS_INVALID_DEVICE_REQUEST, 0);
  }
  return SampleComplete(Irp, STATUS_SUCCESS, 0);
}

VOID OverrunUnload(PDRIVER_OBJECT DriverObject) { SampleDeleteDevice(DriverObject->DeviceObject, L"\\??\\Overrun"); }

NTSTATUS DriverEntry(PDRIVER_OBJECT DriverObject, PUNICODE_STRING RegistryPath) {
  PDEVICE_OBJECT device;

  UNREFERENCED_PARAMETER(RegistryPath);
  DriverObject->MajorFunction[IRP_MJ_CREATE] = SampleCreateClose;
  DriverObject->MajorFunction[IRP_MJ_CLOSE] = SampleCreateClose;
  DriverObject->MajorFunction[IRP_MJ_DEVICE_CONTROL] = OverrunControl;
  DriverObject->DriverUnload = OverrunUnload;
  return SampleCreateDevice(DriverObject, L"Overrun", 0, &device);
}
