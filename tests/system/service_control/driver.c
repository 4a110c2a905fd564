// SPDX-License-Identifier: MIT
#include "../../conformance/common/test_driver.h"
#include "service_control.h"

static NTSTATUS TestDispatch(PDEVICE_OBJECT DeviceObject, PIRP Irp) {
  UNREFERENCED_PARAMETER(DeviceObject);
  TEST_CHECK(TestCodeOf(Irp) == IOCTL_INCREMENT);
  TEST_CHECK(TestInLength(Irp) == sizeof(ULONG) && TestOutLength(Irp) == sizeof(ULONG));
  ++*(PULONG)Irp->AssociatedIrp.SystemBuffer;
  return TestComplete(Irp, STATUS_SUCCESS, sizeof(ULONG));
}

static NTSTATUS TestStart(PDRIVER_OBJECT DriverObject) {
  UNREFERENCED_PARAMETER(DriverObject);
  return STATUS_SUCCESS;
}
