// SPDX-License-Identifier: MIT
// Gives back what it gets.
#include "../../conformance/common/test_driver.h"
#include "idle_clients.h"

static NTSTATUS TestDispatch(PDEVICE_OBJECT DeviceObject, PIRP Irp) {
  UNREFERENCED_PARAMETER(DeviceObject);
  if (TestCodeOf(Irp) != IOCTL_ECHO) return TestComplete(Irp, STATUS_INVALID_DEVICE_REQUEST, 0);
  return TestComplete(Irp, STATUS_SUCCESS, min(TestInLength(Irp), TestOutLength(Irp)));
}

static NTSTATUS TestStart(PDRIVER_OBJECT DriverObject) {
  UNREFERENCED_PARAMETER(DriverObject);
  return STATUS_SUCCESS;
}
