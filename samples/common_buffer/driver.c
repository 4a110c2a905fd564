// SPDX-License-Identifier: MIT
// AllocateCommonBuffer: memory with an address for the device as well as one for the driver, shared with the
// application like any other.
#include "../common/shared_region_driver.h"

DRIVER_INITIALIZE DriverEntry;
DRIVER_UNLOAD CommonUnload;

static NTSTATUS RegionAllocate(PREGION Region) {
  DEVICE_DESCRIPTION description;
  PDMA_ADAPTER adapter;
  ULONG mapRegisters;

  RtlZeroMemory(&description, sizeof(description));
  description.Version = DEVICE_DESCRIPTION_VERSION;
  description.Master = TRUE;
  description.ScatterGather = TRUE;
  description.Dma32BitAddresses = TRUE;
  description.InterfaceType = PCIBus;
  description.MaximumLength = REGION_BYTES;
  adapter = IoGetDmaAdapter(NULL, &description, &mapRegisters);
  if (adapter == NULL) return STATUS_INSUFFICIENT_RESOURCES;
  Region->Cookie = adapter;
  Region->SystemAddress =
      adapter->DmaOperations->AllocateCommonBuffer(adapter, REGION_BYTES, &Region->LogicalAddress, TRUE);
  if (Region->SystemAddress != NULL) {
    RtlZeroMemory(Region->SystemAddress, REGION_BYTES);
    Region->Mdl = IoAllocateMdl(Region->SystemAddress, REGION_BYTES, FALSE, FALSE, NULL);
    if (Region->Mdl != NULL) {
      MmBuildMdlForNonPagedPool(Region->Mdl);
      return STATUS_SUCCESS;
    }
    adapter->DmaOperations->FreeCommonBuffer(adapter, REGION_BYTES, Region->LogicalAddress,
                                             Region->SystemAddress, TRUE);
  }
  adapter->DmaOperations->PutDmaAdapter(adapter);
  return STATUS_INSUFFICIENT_RESOURCES;
}

static VOID RegionFree(PREGION Region) {
  PDMA_ADAPTER adapter = Region->Cookie;

  IoFreeMdl(Region->Mdl);
  adapter->DmaOperations->FreeCommonBuffer(adapter, REGION_BYTES, Region->LogicalAddress,
                                           Region->SystemAddress, TRUE);
  adapter->DmaOperations->PutDmaAdapter(adapter);
}

VOID CommonUnload(PDRIVER_OBJECT DriverObject) {
  RegionDriverUnload(DriverObject, L"\\??\\CommonBuffer");
}

NTSTATUS DriverEntry(PDRIVER_OBJECT DriverObject, PUNICODE_STRING RegistryPath) {
  UNREFERENCED_PARAMETER(RegistryPath);
  DriverObject->DriverUnload = CommonUnload;
  return RegionDriverEntry(DriverObject, L"\\Device\\CommonBuffer", L"\\??\\CommonBuffer");
}
