// SPDX-License-Identifier: MIT
// Leaves every request pending.
#include "../common/test_driver.h"

static NTSTATUS TestDispatch(PDEVICE_OBJECT DeviceObject, PIRP Irp) {
  UNREFERENCED_PARAMETER(DeviceObject);
  return TestPend(Irp);
}

static NTSTATUS TestStart(PDRIVER_OBJECT DriverObject) {
  UNREFERENCED_PARAMETER(DriverObject);
  return STATUS_SUCCESS;
}
