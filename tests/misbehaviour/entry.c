// SPDX-License-Identifier: MIT
// Drivers that go wrong in DriverEntry or have no DriverUnload; which one, a definition decides.
#include <ntddk.h>

DRIVER_INITIALIZE DriverEntry;

#ifdef UNLOAD_ENTERS_REGION
static VOID Unload(PDRIVER_OBJECT DriverObject) {
  UNREFERENCED_PARAMETER(DriverObject);
  KeEnterCriticalRegion();
}
#endif

NTSTATUS DriverEntry(PDRIVER_OBJECT DriverObject, PUNICODE_STRING RegistryPath) {
  UNREFERENCED_PARAMETER(DriverObject);
  UNREFERENCED_PARAMETER(RegistryPath);
#if defined(ENTRY_FAILS)
  return STATUS_DEVICE_CONFIGURATION_ERROR;
#elif defined(ENTRY_RAISES_IRQL)
  KIRQL old;
  KeRaiseIrql(APC_LEVEL, &old);
  return STATUS_SUCCESS;
#elif defined(UNLOAD_ENTERS_REGION)
  DriverObject->DriverUnload = Unload;
  return STATUS_SUCCESS;
#else
  return STATUS_SUCCESS;
#endif
}
