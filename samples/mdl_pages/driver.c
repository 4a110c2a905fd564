// SPDX-License-Identifier: MIT
// MmAllocatePagesForMdlEx: zeroed physical pages that come with their MDL; a system address for the driver, a
// user address for the application, read-only where it asks for that.
#include "../common/shared_region_driver.h"

DRIVER_INITIALIZE DriverEntry;
DRIVER_UNLOAD PagesUnload;

static NTSTATUS RegionAllocate(PREGION Region) {
  PHYSICAL_ADDRESS low, high, skip;

  low.QuadPart = 0;
  high.QuadPart = -1;
  skip.QuadPart = 0;
  Region->Mdl = MmAllocatePagesForMdlEx(low, high, skip, REGION_BYTES, MmCached, MM_ALLOCATE_FULLY_REQUIRED);
  if (Region->Mdl == NULL) return STATUS_INSUFFICIENT_RESOURCES;
  Region->SystemAddress = MmGetSystemAddressForMdlSafe(Region->Mdl, NormalPagePriority | MdlMappingNoExecute);
  if (Region->SystemAddress == NULL) {
    RegionFree(Region);
    return STATUS_INSUFFICIENT_RESOURCES;
  }
  return STATUS_SUCCESS;
}

static VOID RegionFree(PREGION Region) {
  MmFreePagesFromMdl(Region->Mdl);
  ExFreePool(Region->Mdl);
}

VOID PagesUnload(PDRIVER_OBJECT DriverObject) {
  RegionDriverUnload(DriverObject, L"\\??\\MdlPages");
}

NTSTATUS DriverEntry(PDRIVER_OBJECT DriverObject, PUNICODE_STRING RegistryPath) {
  UNREFERENCED_PARAMETER(RegistryPath);
  DriverObject->DriverUnload = PagesUnload;
  return RegionDriverEntry(DriverObject, L"\\Device\\MdlPages", L"\\??\\MdlPages");
}
