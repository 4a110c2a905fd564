// SPDX-License-Identifier: MIT
// Leaves requests pending, but for writes and echoes, which it completes at once.
#include "../common/test_driver.h"
#include "overlapped.h"

static NTSTATUS TestDispatch(PDEVICE_OBJECT DeviceObject, PIRP Irp) {
  PIO_STACK_LOCATION stack = IoGetCurrentIrpStackLocation(Irp);

  UNREFERENCED_PARAMETER(DeviceObject);
  if (stack->MajorFunction == IRP_MJ_WRITE) return TestComplete(Irp, STATUS_SUCCESS, stack->Parameters.Write.Length);
  if (stack->MajorFunction == IRP_MJ_DEVICE_CONTROL && TestCodeOf(Irp) == IOCTL_OVERLAPPED_ECHO)
    return TestComplete(Irp, STATUS_SUCCESS, min(TestInLength(Irp), TestOutLength(Irp)));
  if (stack->MajorFunction == IRP_MJ_READ) {
    RtlFillMemory(Irp->AssociatedIrp.SystemBuffer, stack->Parameters.Read.Length,
                  (UCHAR)stack->Parameters.Read.ByteOffset.QuadPart);
  }
  return TestPend(Irp);
}

static NTSTATUS TestStart(PDRIVER_OBJECT DriverObject) {
  UNREFERENCED_PARAMETER(DriverObject);
  return STATUS_SUCCESS;
}
