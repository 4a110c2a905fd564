// SPDX-License-Identifier: MIT
// Two devices: one for administrators, one for everybody.
#include <initguid.h>
#include <ntddk.h>
#include <wdmsec.h>

static NTSTATUS Succeed(PDEVICE_OBJECT DeviceObject, PIRP Irp) {
  UNREFERENCED_PARAMETER(DeviceObject);
  Irp->IoStatus.Status = STATUS_SUCCESS;
  Irp->IoStatus.Information = 0;
  IoCompleteRequest(Irp, IO_NO_INCREMENT);
  return STATUS_SUCCESS;
}

static NTSTATUS Make(PDRIVER_OBJECT DriverObject, PCWSTR Name, PCWSTR Link, PCWSTR Sddl) {
  UNICODE_STRING name, link, sddl;
  PDEVICE_OBJECT device;
  NTSTATUS status;

  RtlInitUnicodeString(&name, Name);
  RtlInitUnicodeString(&link, Link);
  RtlInitUnicodeString(&sddl, Sddl);
  status = IoCreateDeviceSecure(DriverObject, 0, &name, FILE_DEVICE_UNKNOWN, FILE_DEVICE_SECURE_OPEN, FALSE, &sddl, NULL, &device);
  return NT_SUCCESS(status) ? IoCreateSymbolicLink(&link, &name) : status;
}

NTSTATUS DriverEntry(PDRIVER_OBJECT DriverObject, PUNICODE_STRING RegistryPath) {
  NTSTATUS status;

  UNREFERENCED_PARAMETER(RegistryPath);
  DriverObject->MajorFunction[IRP_MJ_CREATE] = Succeed;
  DriverObject->MajorFunction[IRP_MJ_CLEANUP] = Succeed;
  DriverObject->MajorFunction[IRP_MJ_CLOSE] = Succeed;
  status = Make(DriverObject, L"\\Device\\Ring3Administrators", L"\\DosDevices\\Ring3Administrators",
                L"D:P(A;;GA;;;SY)(A;;GA;;;BA)");
  if (NT_SUCCESS(status)) {
    status = Make(DriverObject, L"\\Device\\Ring3Everybody", L"\\DosDevices\\Ring3Everybody",
                  L"D:P(A;;GA;;;SY)(A;;GA;;;BA)(A;;GRGW;;;WD)");
  }
  return status;
}
