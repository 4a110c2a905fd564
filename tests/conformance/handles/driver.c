// SPDX-License-Identifier: MIT
#include "../common/test_driver.h"

static NTSTATUS TestDispatch(PDEVICE_OBJECT DeviceObject, PIRP Irp) {
  UNREFERENCED_PARAMETER(DeviceObject);
  return TestPend(Irp);
}

static NTSTATUS TestStart(PDRIVER_OBJECT DriverObject) {
  return TestAddDevice(DriverObject, L"\\Device\\Ring3Exclusive", L"\\??\\Ring3Exclusive", DO_BUFFERED_IO, TRUE);
}
