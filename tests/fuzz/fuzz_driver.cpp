// SPDX-License-Identifier: MIT
// A driver that does right what a driver may do with an application's memory, one way after the other. It
// does not touch user addresses itself: in the fuzzer's process they may be the fuzzer's own.
#include "fuzz_driver.h"

#include <ddi/ex.h>
#include <ddi/io_ntifs.h>
#include <ddi/mm.h>
#include <devioctl.h>
#include <ntstatus.h>

#include <cstring>

#include "host_under_test.h"
#include "mm/test_raise.h"

namespace ring3::fuzz {
namespace {

constexpr size_t kSharedByDriver = 3 * 4096;

// Of an open file: memory that it shows. Whoever is busy with it cleans up where the file was closed
// meanwhile: both are in the process that has the view.
constexpr LONG kBusy = 1;
constexpr LONG kCleaned = 2;
struct Shown {
  volatile LONG state;
  PMDL mdl;
  PVOID memory;
  PVOID user_address;
};

NTSTATUS Complete(PIRP irp, NTSTATUS status, ULONG_PTR information = 0) {
  irp->IoStatus.Status = status;
  irp->IoStatus.Information = information;
  IoCompleteRequest(irp, IO_NO_INCREMENT);
  return status;
}

VOID Cancel(PDEVICE_OBJECT, PIRP irp) {
  IoReleaseCancelSpinLock(irp->CancelIrql);
  Complete(irp, STATUS_CANCELLED);
}

NTSTATUS Pend(PIRP irp) {
  IoMarkIrpPending(irp);
  IoSetCancelRoutine(irp, Cancel);
  if (irp->Cancel && IoSetCancelRoutine(irp, nullptr) != nullptr) Complete(irp, STATUS_CANCELLED);
  return STATUS_PENDING;
}

NTSTATUS FillDirect(PIRP irp) {
  if (irp->MdlAddress == nullptr) return Complete(irp, STATUS_SUCCESS);
  void* const memory = MmGetSystemAddressForMdlSafe(irp->MdlAddress, NormalPagePriority);
  if (memory == nullptr) return Complete(irp, STATUS_INSUFFICIENT_RESOURCES);
  const ULONG byte_count = MmGetMdlByteCount(irp->MdlAddress);
  if (IoGetCurrentIrpStackLocation(irp)->Parameters.DeviceIoControl.IoControlCode == kFillOutDirect) {
    std::memset(memory, 0x42, byte_count);
  } else {
    volatile UCHAR sum = 0;
    for (ULONG i = 0; i < byte_count; ++i) sum = static_cast<UCHAR>(sum + static_cast<UCHAR*>(memory)[i]);
  }
  return Complete(irp, STATUS_SUCCESS, byte_count);
}

NTSTATUS LockUser(PVOID address, ULONG byte_count, LOCK_OPERATION operation) {
  if (byte_count == 0) return STATUS_SUCCESS;
  const PMDL mdl = IoAllocateMdl(address, byte_count, FALSE, FALSE, nullptr);
  if (mdl == nullptr) return STATUS_INSUFFICIENT_RESOURCES;
  const NTSTATUS raised = mm::RaisedBy([&] { MmProbeAndLockPages(mdl, UserMode, operation); });
  if (NT_SUCCESS(raised)) {
    void* const memory = MmGetSystemAddressForMdlSafe(mdl, NormalPagePriority);
    if (memory != nullptr && operation != IoReadAccess) std::memset(memory, 0x24, byte_count);
    MmUnlockPages(mdl);
  }
  IoFreeMdl(mdl);
  return raised;
}

NTSTATUS LockNeither(PIRP irp) {
  const auto& parameters = IoGetCurrentIrpStackLocation(irp)->Parameters.DeviceIoControl;
  NTSTATUS status = LockUser(parameters.Type3InputBuffer, parameters.InputBufferLength, IoReadAccess);
  if (NT_SUCCESS(status)) status = LockUser(irp->UserBuffer, parameters.OutputBufferLength, IoModifyAccess);
  return Complete(irp, status);
}

Shown* ShownOf(PIRP irp) {
  return static_cast<Shown*>(IoGetCurrentIrpStackLocation(irp)->FileObject->FsContext);
}

void Unshow(Shown& shown) {
  if (shown.mdl == nullptr) return;
  if (shown.user_address != nullptr) MmUnmapLockedPages(shown.user_address, shown.mdl);
  IoFreeMdl(shown.mdl);
  ExFreePoolWithTag(shown.memory, 'zzuF');
  shown.mdl = nullptr;
  shown.user_address = nullptr;
}

NTSTATUS Show(Shown& shown) {
  if (shown.mdl != nullptr) return STATUS_INVALID_DEVICE_STATE;
  shown.memory = ExAllocatePool2(POOL_FLAG_NON_PAGED, kSharedByDriver, 'zzuF');
  if (shown.memory == nullptr) return STATUS_INSUFFICIENT_RESOURCES;
  shown.mdl = IoAllocateMdl(shown.memory, kSharedByDriver, FALSE, FALSE, nullptr);
  MmBuildMdlForNonPagedPool(shown.mdl);
  return mm::RaisedBy([&] {
    shown.user_address =
        MmMapLockedPagesSpecifyCache(shown.mdl, UserMode, MmCached, nullptr, FALSE, NormalPagePriority);
  });
}

NTSTATUS Change(PIRP irp, NTSTATUS (*change)(Shown&)) {
  Shown& shown = *ShownOf(irp);
  if (_InterlockedCompareExchange(&shown.state, kBusy, 0) != 0) return Complete(irp, STATUS_DEVICE_BUSY);
  const NTSTATUS status = change(shown);
  if ((_InterlockedAnd(&shown.state, ~kBusy) & kCleaned) != 0) Unshow(shown);
  return Complete(irp, status);
}

NTSTATUS Control(PDEVICE_OBJECT, PIRP irp) {
  const auto& parameters = IoGetCurrentIrpStackLocation(irp)->Parameters.DeviceIoControl;
  const ULONG in = parameters.InputBufferLength, out = parameters.OutputBufferLength;
  switch (parameters.IoControlCode) {
    case kEchoBuffered:
      return Complete(irp, STATUS_SUCCESS, in < out ? in : out);
    case kFillInDirect:
    case kFillOutDirect:
      return FillDirect(irp);
    case kLockNeither:
      return LockNeither(irp);
    case kPendBuffered:
      return Pend(irp);
    case kMapDriverMemory:
      return Change(irp, Show);
    case kUnmapDriverMemory:
      return Change(irp, [](Shown& shown) -> NTSTATUS {
        Unshow(shown);
        return STATUS_SUCCESS;
      });
    default:
      return Complete(irp, STATUS_INVALID_DEVICE_REQUEST);
  }
}

NTSTATUS Transfer(PDEVICE_OBJECT, PIRP irp) {
  return Complete(irp, STATUS_SUCCESS, IoGetCurrentIrpStackLocation(irp)->Parameters.Read.Length);
}

NTSTATUS Create(PDEVICE_OBJECT, PIRP irp) {
  auto* const shown = static_cast<Shown*>(ExAllocatePool2(POOL_FLAG_NON_PAGED, sizeof(Shown), 'zzuF'));
  IoGetCurrentIrpStackLocation(irp)->FileObject->FsContext = shown;
  return Complete(irp, shown == nullptr ? STATUS_INSUFFICIENT_RESOURCES : STATUS_SUCCESS);
}

NTSTATUS Cleanup(PDEVICE_OBJECT, PIRP irp) {
  Shown& shown = *ShownOf(irp);
  if ((_InterlockedOr(&shown.state, kCleaned) & kBusy) == 0) Unshow(shown);
  return Complete(irp, STATUS_SUCCESS);
}

NTSTATUS Close(PDEVICE_OBJECT, PIRP irp) {
  ExFreePoolWithTag(ShownOf(irp), 'zzuF');
  return Complete(irp, STATUS_SUCCESS);
}

VOID Unload(PDRIVER_OBJECT driver) {
  IoDeleteDevice(driver->DeviceObject);
}

}  // namespace

NTSTATUS FuzzDriverEntry(_DRIVER_OBJECT* driver, UNICODE_STRING*) {
  UNICODE_STRING name = RTL_CONSTANT_STRING(L"\\Device\\Fuzz");
  PDEVICE_OBJECT device;
  const NTSTATUS status = IoCreateDevice(driver, 0, &name, FILE_DEVICE_UNKNOWN, 0, FALSE, &device);
  if (!NT_SUCCESS(status)) return status;
  device->Flags |= DO_DIRECT_IO;
  driver->MajorFunction[IRP_MJ_CREATE] = Create;
  driver->MajorFunction[IRP_MJ_CLEANUP] = Cleanup;
  driver->MajorFunction[IRP_MJ_CLOSE] = Close;
  driver->MajorFunction[IRP_MJ_READ] = Transfer;
  driver->MajorFunction[IRP_MJ_WRITE] = Transfer;
  driver->MajorFunction[IRP_MJ_DEVICE_CONTROL] = Control;
  driver->DriverUnload = Unload;
  device->Flags &= ~DO_DEVICE_INITIALIZING;
  return STATUS_SUCCESS;
}

}  // namespace ring3::fuzz
