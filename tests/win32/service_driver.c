// SPDX-License-Identifier: MIT
// Built three times: as it is, with FAILING (DriverEntry fails) and with STAYING (no DriverUnload, no device).
#include <wdm.h>

#if !defined(FAILING) && !defined(STAYING)
static UNICODE_STRING g_device_name = RTL_CONSTANT_STRING(L"\\Device\\Ring3Test");
static UNICODE_STRING g_link_name = RTL_CONSTANT_STRING(L"\\DosDevices\\Ring3Test");

static DRIVER_UNLOAD Unload;
static VOID Unload(PDRIVER_OBJECT driver) {
  IoDeleteSymbolicLink(&g_link_name);
  IoDeleteDevice(driver->DeviceObject);
}

_Dispatch_type_(IRP_MJ_CREATE) _Dispatch_type_(IRP_MJ_CLOSE) static DRIVER_DISPATCH Succeed;
static NTSTATUS Succeed(PDEVICE_OBJECT device, PIRP irp) {
  UNREFERENCED_PARAMETER(device);
  irp->IoStatus.Status = STATUS_SUCCESS;
  irp->IoStatus.Information = 0;
  IoCompleteRequest(irp, IO_NO_INCREMENT);
  return STATUS_SUCCESS;
}
#endif

DRIVER_INITIALIZE DriverEntry;
NTSTATUS DriverEntry(PDRIVER_OBJECT driver, PUNICODE_STRING registry_path) {
  UNREFERENCED_PARAMETER(driver);
  UNREFERENCED_PARAMETER(registry_path);
#if defined(FAILING)
  return STATUS_INSUFFICIENT_RESOURCES;
#elif defined(STAYING)
  return STATUS_SUCCESS;
#else
  PDEVICE_OBJECT device;
  NTSTATUS status = IoCreateDevice(driver, 0, &g_device_name, FILE_DEVICE_UNKNOWN, 0, FALSE, &device);
  if (!NT_SUCCESS(status)) return status;
  status = IoCreateSymbolicLink(&g_link_name, &g_device_name);
  if (!NT_SUCCESS(status)) {
    IoDeleteDevice(device);
    return status;
  }
  driver->DriverUnload = Unload;
  driver->MajorFunction[IRP_MJ_CREATE] = Succeed;
  driver->MajorFunction[IRP_MJ_CLOSE] = Succeed;
  return STATUS_SUCCESS;
#endif
}
