// SPDX-License-Identifier: MIT
// MDLs, locked pages and mappings.
#include "driver.h"

static PVOID AllocatePaged(SIZE_T ByteCount) { return ExAllocatePool2(POOL_FLAG_PAGED, ByteCount, MISBEHAVIOUR_TAG); }

static PMDL LockedMdl(PVOID Address, ULONG ByteCount, KPROCESSOR_MODE Mode) {
  PMDL mdl = IoAllocateMdl(Address, ByteCount, FALSE, FALSE, NULL);
  if (mdl == NULL) return NULL;
  __try {
    MmProbeAndLockPages(mdl, Mode, IoWriteAccess);
  } __except (EXCEPTION_EXECUTE_HANDLER) {
    IoFreeMdl(mdl);
    return NULL;
  }
  return mdl;
}

// The input is the address of four pages of the application's.
NTSTATUS LockPagesForever(PDEVICE_OBJECT DeviceObject, PIRP Irp) {
  PVOID address = *(PVOID*)Irp->AssociatedIrp.SystemBuffer;
  ExtensionOf(DeviceObject)->Mdl = LockedMdl(address, 4 * PAGE_SIZE, UserMode);
  return ExtensionOf(DeviceObject)->Mdl == NULL ? STATUS_ACCESS_VIOLATION : STATUS_SUCCESS;
}

NTSTATUS LockImagePagesForever(PDEVICE_OBJECT DeviceObject, PIRP Irp) {
  UNREFERENCED_PARAMETER(Irp);
  ExtensionOf(DeviceObject)->Block = AllocatePaged(2 * PAGE_SIZE);
  ExtensionOf(DeviceObject)->Mdl = LockedMdl(ExtensionOf(DeviceObject)->Block, 2 * PAGE_SIZE, KernelMode);
  return ExtensionOf(DeviceObject)->Mdl == NULL ? STATUS_ACCESS_VIOLATION : STATUS_SUCCESS;
}

NTSTATUS FreeMdlWhileLocked(PDEVICE_OBJECT DeviceObject, PIRP Irp) {
  UNREFERENCED_PARAMETER(DeviceObject);
  UNREFERENCED_PARAMETER(Irp);
  IoFreeMdl(LockedMdl(AllocatePaged(PAGE_SIZE), PAGE_SIZE, KernelMode));
  return STATUS_SUCCESS;
}

NTSTATUS FreeMdlWhileMapped(PDEVICE_OBJECT DeviceObject, PIRP Irp) {
  PMDL mdl = LockedMdl(AllocatePaged(PAGE_SIZE), PAGE_SIZE, KernelMode);
  UNREFERENCED_PARAMETER(DeviceObject);
  UNREFERENCED_PARAMETER(Irp);
  MmMapLockedPagesSpecifyCache(mdl, KernelMode, MmCached, NULL, FALSE, NormalPagePriority);
  IoFreeMdl(mdl);
  return STATUS_SUCCESS;
}

NTSTATUS FreeMdlWhileMappedToUser(PDEVICE_OBJECT DeviceObject, PIRP Irp) {
  PHYSICAL_ADDRESS highest;
  PVOID page;
  PMDL mdl;
  UNREFERENCED_PARAMETER(DeviceObject);
  UNREFERENCED_PARAMETER(Irp);
  highest.QuadPart = -1;
  page = MmAllocateContiguousMemory(PAGE_SIZE, highest);
  mdl = IoAllocateMdl(page, PAGE_SIZE, FALSE, FALSE, NULL);
  MmBuildMdlForNonPagedPool(mdl);
  __try {
    MmMapLockedPagesSpecifyCache(mdl, UserMode, MmCached, NULL, FALSE, NormalPagePriority);
  } __except (EXCEPTION_EXECUTE_HANDLER) {
    return GetExceptionCode();
  }
  IoFreeMdl(mdl);
  return STATUS_SUCCESS;
}

NTSTATUS UnlockTwice(PDEVICE_OBJECT DeviceObject, PIRP Irp) {
  PMDL mdl = LockedMdl(AllocatePaged(PAGE_SIZE), PAGE_SIZE, KernelMode);
  UNREFERENCED_PARAMETER(DeviceObject);
  UNREFERENCED_PARAMETER(Irp);
  MmUnlockPages(mdl);
  MmUnlockPages(mdl);
  return STATUS_SUCCESS;
}

NTSTATUS UnlockNonPagedPool(PDEVICE_OBJECT DeviceObject, PIRP Irp) {
  PVOID block = ExAllocatePool2(POOL_FLAG_NON_PAGED, 128, MISBEHAVIOUR_TAG);
  PMDL mdl = IoAllocateMdl(block, 128, FALSE, FALSE, NULL);
  UNREFERENCED_PARAMETER(DeviceObject);
  UNREFERENCED_PARAMETER(Irp);
  MmBuildMdlForNonPagedPool(mdl);
  MmUnlockPages(mdl);
  return STATUS_SUCCESS;
}

NTSTATUS UnmapAtWrongAddress(PDEVICE_OBJECT DeviceObject, PIRP Irp) {
  PMDL mdl = LockedMdl(AllocatePaged(2 * PAGE_SIZE), 2 * PAGE_SIZE, KernelMode);
  PUCHAR address = (PUCHAR)MmMapLockedPagesSpecifyCache(mdl, KernelMode, MmCached, NULL, FALSE, NormalPagePriority);
  UNREFERENCED_PARAMETER(DeviceObject);
  UNREFERENCED_PARAMETER(Irp);
  MmUnmapLockedPages(address + PAGE_SIZE, mdl);
  return STATUS_SUCCESS;
}

NTSTATUS MapWithoutBuilding(PDEVICE_OBJECT DeviceObject, PIRP Irp) {
  PMDL mdl = IoAllocateMdl(AllocatePaged(PAGE_SIZE), PAGE_SIZE, FALSE, FALSE, NULL);
  UNREFERENCED_PARAMETER(DeviceObject);
  UNREFERENCED_PARAMETER(Irp);
  MmMapLockedPagesSpecifyCache(mdl, KernelMode, MmCached, NULL, FALSE, NormalPagePriority);
  return STATUS_SUCCESS;
}
