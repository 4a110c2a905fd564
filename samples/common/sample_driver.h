// SPDX-License-Identifier: MIT
// What every sample driver needs: one named device with a link for applications, and a way to complete a
// request.
#ifndef SAMPLE_DRIVER_H
#define SAMPLE_DRIVER_H

#include <ntddk.h>

#define SAMPLE_TAG 'lpmS'

FORCEINLINE NTSTATUS SampleComplete(PIRP Irp, NTSTATUS Status, ULONG_PTR Information) {
  Irp->IoStatus.Status = Status;
  Irp->IoStatus.Information = Information;
  IoCompleteRequest(Irp, IO_NO_INCREMENT);
  return Status;
}

// Creates \Device\<name> and \??\<name>. The names are wide literals without the directory.
#define SampleCreateDevice(DriverObject, Name, ExtensionSize, DeviceObject) \
  SampleCreateDeviceNamed(DriverObject, L"\\Device\\" Name, L"\\??\\" Name, ExtensionSize, DeviceObject)

static inline NTSTATUS SampleCreateDeviceNamed(PDRIVER_OBJECT DriverObject, PCWSTR DeviceName,
                                               PCWSTR LinkName, ULONG ExtensionSize,
                                               PDEVICE_OBJECT* DeviceObject) {
  UNICODE_STRING deviceName, linkName;
  NTSTATUS status;

  RtlInitUnicodeString(&deviceName, DeviceName);
  RtlInitUnicodeString(&linkName, LinkName);
  status = IoCreateDevice(DriverObject, ExtensionSize, &deviceName, FILE_DEVICE_UNKNOWN,
                          FILE_DEVICE_SECURE_OPEN, FALSE, DeviceObject);
  if (!NT_SUCCESS(status)) return status;
  status = IoCreateSymbolicLink(&linkName, &deviceName);
  if (!NT_SUCCESS(status)) {
    IoDeleteDevice(*DeviceObject);
    return status;
  }
  (*DeviceObject)->Flags &= ~DO_DEVICE_INITIALIZING;
  return STATUS_SUCCESS;
}

static inline VOID SampleDeleteDevice(PDEVICE_OBJECT DeviceObject, PCWSTR LinkName) {
  UNICODE_STRING linkName;

  RtlInitUnicodeString(&linkName, LinkName);
  IoDeleteSymbolicLink(&linkName);
  IoDeleteDevice(DeviceObject);
}

static inline NTSTATUS SampleCreateClose(PDEVICE_OBJECT DeviceObject, PIRP Irp) {
  UNREFERENCED_PARAMETER(DeviceObject);
  return SampleComplete(Irp, STATUS_SUCCESS, 0);
}

#endif
