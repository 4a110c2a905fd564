// SPDX-License-Identifier: MIT
// Two devices: one for administrators, one for everybody.
#include <initguid.h>
#include <ntddk.h>
#include <wdmsec.h>

#include "../../conformance/common/test_driver.h"

static NTSTATUS TestDispatch(PDEVICE_OBJECT DeviceObject, PIRP Irp) {
  UNREFERENCED_PARAMETER(DeviceObject);
  return TestComplete(Irp, STATUS_INVALID_DEVICE_REQUEST, 0);
}

static NTSTATUS AddSecureDevice(PDRIVER_OBJECT DriverObject, PCWSTR DeviceName, PCWSTR LinkName,
                                PCWSTR Sddl) {
  UNICODE_STRING name, link, sddl;
  PDEVICE_OBJECT device;
  NTSTATUS status;

  RtlInitUnicodeString(&name, DeviceName);
  RtlInitUnicodeString(&link, LinkName);
  RtlInitUnicodeString(&sddl, Sddl);
  status = IoCreateDeviceSecure(DriverObject, 0, &name, FILE_DEVICE_UNKNOWN, FILE_DEVICE_SECURE_OPEN, FALSE,
                                &sddl, NULL, &device);
  if (NT_SUCCESS(status)) status = IoCreateSymbolicLink(&link, &name);
  if (NT_SUCCESS(status)) Test.Links[Test.LinkCount++] = link;
  return status;
}

static NTSTATUS TestStart(PDRIVER_OBJECT DriverObject) {
  NTSTATUS status = AddSecureDevice(DriverObject, L"\\Device\\Ring3Administrators",
                                    L"\\??\\Ring3Administrators", L"D:P(A;;GA;;;SY)(A;;GA;;;BA)");
  if (!NT_SUCCESS(status)) return status;
  return AddSecureDevice(DriverObject, L"\\Device\\Ring3Everybody", L"\\??\\Ring3Everybody",
                         L"D:P(A;;GA;;;SY)(A;;GA;;;BA)(A;;GRGW;;;WD)");
}
