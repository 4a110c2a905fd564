// SPDX-License-Identifier: MIT
// Counts in its Parameters key how often it was started, and answers with the count.
#include <ntddk.h>
#include "registry_store.h"

DRIVER_INITIALIZE DriverEntry;
DRIVER_UNLOAD Unload;
DRIVER_DISPATCH OpenClose;
DRIVER_DISPATCH Control;

static ULONG count;

static NTSTATUS Complete(PIRP Irp, NTSTATUS Status, ULONG_PTR Information) {
  Irp->IoStatus.Status = Status;
  Irp->IoStatus.Information = Information;
  IoCompleteRequest(Irp, IO_NO_INCREMENT);
  return Status;
}

NTSTATUS OpenClose(PDEVICE_OBJECT DeviceObject, PIRP Irp) {
  UNREFERENCED_PARAMETER(DeviceObject);
  return Complete(Irp, STATUS_SUCCESS, 0);
}

NTSTATUS Control(PDEVICE_OBJECT DeviceObject, PIRP Irp) {
  UNREFERENCED_PARAMETER(DeviceObject);
  if (IoGetCurrentIrpStackLocation(Irp)->Parameters.DeviceIoControl.OutputBufferLength < sizeof(ULONG)) {
    return Complete(Irp, STATUS_BUFFER_TOO_SMALL, 0);
  }
  *(PULONG)Irp->AssociatedIrp.SystemBuffer = count;
  return Complete(Irp, STATUS_SUCCESS, sizeof(ULONG));
}

// The count in the key, one higher each time; 1 where there is none yet.
static NTSTATUS Count(PUNICODE_STRING RegistryPath) {
  UNICODE_STRING parameters = RTL_CONSTANT_STRING(L"Parameters");
  RTL_QUERY_REGISTRY_TABLE table[2];
  OBJECT_ATTRIBUTES attributes;
  HANDLE service, key;
  ULONG zero = 0;
  NTSTATUS status;

  InitializeObjectAttributes(&attributes, RegistryPath, OBJ_CASE_INSENSITIVE | OBJ_KERNEL_HANDLE, NULL, NULL);
  status = ZwOpenKey(&service, KEY_ALL_ACCESS, &attributes);
  if (!NT_SUCCESS(status)) return status;
  InitializeObjectAttributes(&attributes, &parameters, OBJ_CASE_INSENSITIVE | OBJ_KERNEL_HANDLE, service,
                             NULL);
  status = ZwCreateKey(&key, KEY_ALL_ACCESS, &attributes, 0, NULL, REG_OPTION_NON_VOLATILE, NULL);
  ZwClose(service);
  if (!NT_SUCCESS(status)) return status;

  RtlZeroMemory(table, sizeof(table));
  table[0].Flags = RTL_QUERY_REGISTRY_DIRECT | RTL_QUERY_REGISTRY_TYPECHECK;
  table[0].Name = L"Started";
  table[0].EntryContext = &count;
  table[0].DefaultType = (REG_DWORD << RTL_QUERY_REGISTRY_TYPECHECK_SHIFT) | REG_DWORD;
  table[0].DefaultData = &zero;
  table[0].DefaultLength = sizeof(zero);
  status = RtlQueryRegistryValues(RTL_REGISTRY_HANDLE, (PCWSTR)key, table, NULL, NULL);
  ++count;
  if (NT_SUCCESS(status)) {
    status =
        RtlWriteRegistryValue(RTL_REGISTRY_HANDLE, (PCWSTR)key, L"Started", REG_DWORD, &count, sizeof(count));
  }
  ZwClose(key);
  return status;
}

VOID Unload(PDRIVER_OBJECT DriverObject) {
  UNICODE_STRING link = RTL_CONSTANT_STRING(L"\\DosDevices\\RegistryStore");
  IoDeleteSymbolicLink(&link);
  IoDeleteDevice(DriverObject->DeviceObject);
}

NTSTATUS DriverEntry(PDRIVER_OBJECT DriverObject, PUNICODE_STRING RegistryPath) {
  UNICODE_STRING name = RTL_CONSTANT_STRING(L"\\Device\\RegistryStore");
  UNICODE_STRING link = RTL_CONSTANT_STRING(L"\\DosDevices\\RegistryStore");
  PDEVICE_OBJECT device;
  NTSTATUS status = Count(RegistryPath);
  if (!NT_SUCCESS(status)) return status;
  status = IoCreateDevice(DriverObject, 0, &name, FILE_DEVICE_UNKNOWN, 0, FALSE, &device);
  if (!NT_SUCCESS(status)) return status;
  status = IoCreateSymbolicLink(&link, &name);
  if (!NT_SUCCESS(status)) {
    IoDeleteDevice(device);
    return status;
  }
  DriverObject->MajorFunction[IRP_MJ_CREATE] = OpenClose;
  DriverObject->MajorFunction[IRP_MJ_CLOSE] = OpenClose;
  DriverObject->MajorFunction[IRP_MJ_DEVICE_CONTROL] = Control;
  DriverObject->DriverUnload = Unload;
  return STATUS_SUCCESS;
}
