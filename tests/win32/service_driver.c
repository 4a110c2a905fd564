// SPDX-License-Identifier: MIT
// Built three times: as it is, with FAILING (DriverEntry fails) and with STAYING (no DriverUnload, no
// device).
#if !defined(FAILING) && !defined(STAYING)
#include "../conformance/common/test_driver.h"

static NTSTATUS TestDispatch(PDEVICE_OBJECT DeviceObject, PIRP Irp) {
  UNREFERENCED_PARAMETER(DeviceObject);
  return TestComplete(Irp, STATUS_INVALID_DEVICE_REQUEST, 0);
}

static NTSTATUS TestStart(PDRIVER_OBJECT DriverObject) {
  UNREFERENCED_PARAMETER(DriverObject);
  return STATUS_SUCCESS;
}
#else
#include <wdm.h>

DRIVER_INITIALIZE DriverEntry;
NTSTATUS DriverEntry(PDRIVER_OBJECT DriverObject, PUNICODE_STRING RegistryPath) {
  UNREFERENCED_PARAMETER(DriverObject);
  UNREFERENCED_PARAMETER(RegistryPath);
#if defined(FAILING)
  return STATUS_INSUFFICIENT_RESOURCES;
#else
  return STATUS_SUCCESS;
#endif
}
#endif
