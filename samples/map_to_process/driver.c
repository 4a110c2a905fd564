// SPDX-License-Identifier: MIT
// Contiguous nonpaged memory, allocated by the driver, described by an MDL and mapped into the calling
// process. Undone in reverse: unmap in the same process, free the MDL, free the memory.
#include "../common/shared_region_driver.h"

DRIVER_INITIALIZE DriverEntry;
DRIVER_UNLOAD MapUnload;

static NTSTATUS RegionAllocate(PREGION Region) {
  PHYSICAL_ADDRESS highest;

  highest.QuadPart = -1;
  Region->SystemAddress = MmAllocateContiguousMemory(REGION_BYTES, highest);
  if (Region->SystemAddress == NULL) return STATUS_INSUFFICIENT_RESOURCES;
  // The application will see every byte: nothing that was in the memory before may be left.
  RtlZeroMemory(Region->SystemAddress, REGION_BYTES);
  Region->Mdl = IoAllocateMdl(Region->SystemAddress, REGION_BYTES, FALSE, FALSE, NULL);
  if (Region->Mdl == NULL) {
    MmFreeContiguousMemory(Region->SystemAddress);
    return STATUS_INSUFFICIENT_RESOURCES;
  }
  MmBuildMdlForNonPagedPool(Region->Mdl);
  return STATUS_SUCCESS;
}

static VOID RegionFree(PREGION Region) {
  IoFreeMdl(Region->Mdl);
  MmFreeContiguousMemory(Region->SystemAddress);
}

VOID MapUnload(PDRIVER_OBJECT DriverObject) {
  RegionDriverUnload(DriverObject, L"\\??\\MapToProcess");
}

NTSTATUS DriverEntry(PDRIVER_OBJECT DriverObject, PUNICODE_STRING RegistryPath) {
  UNREFERENCED_PARAMETER(RegistryPath);
  DriverObject->DriverUnload = MapUnload;
  return RegionDriverEntry(DriverObject, L"\\Device\\MapToProcess", L"\\??\\MapToProcess");
}
