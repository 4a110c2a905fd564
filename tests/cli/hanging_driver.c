// SPDX-License-Identifier: MIT
// A driver whose DriverEntry does not return.
#include <ntddk.h>

DRIVER_INITIALIZE DriverEntry;

NTSTATUS DriverEntry(PDRIVER_OBJECT DriverObject, PUNICODE_STRING RegistryPath) {
  KEVENT never;
  UNREFERENCED_PARAMETER(DriverObject);
  UNREFERENCED_PARAMETER(RegistryPath);
  KeInitializeEvent(&never, NotificationEvent, FALSE);
  return KeWaitForSingleObject(&never, Executive, KernelMode, FALSE, NULL);
}
