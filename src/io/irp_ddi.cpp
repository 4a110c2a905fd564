// SPDX-License-Identifier: MIT
// Making, reusing and freeing packets.
#include <ddi/ex.h>
#include <ntstatus.h>
#include <bugcodes.h>

#include <cstring>

#include "io/irp.h"

using ring3::io::AllocateIrp;
using ring3::io::HasHeader;
using ring3::io::IrpHeader;
using ring3::io::IrpKind;

extern "C" {

// A packet with `StackSize` stack locations for drivers; null when memory is exhausted. IRQL <=
// DISPATCH_LEVEL. nf-wdm-ioallocateirp
PIRP IoAllocateIrp(CCHAR StackSize, BOOLEAN) {
  if (StackSize < 0) return nullptr;
  return AllocateIrp(StackSize, IrpKind::kDriver);
}

// The same, for the device that it will be sent to. nf-wdm-ioallocateirpex
PIRP IoAllocateIrpEx(PDEVICE_OBJECT, CCHAR StackSize, BOOLEAN ChargeQuota) {
  return IoAllocateIrp(StackSize, ChargeQuota);
}

// Makes a packet of `PacketSize` bytes of memory of the driver's own. Not for IoAllocateIrp's packets.
// nf-wdm-ioinitializeirp
VOID IoInitializeIrp(PIRP Irp, USHORT PacketSize, CCHAR StackSize) {
  std::memset(static_cast<void*>(Irp), 0, PacketSize);
  Irp->Type = IO_TYPE_IRP;
  Irp->Size = PacketSize;
  Irp->StackCount = StackSize;
  Irp->CurrentLocation = static_cast<CHAR>(StackSize + 1);
  Irp->ThreadListEntry.Flink = Irp->ThreadListEntry.Blink = &Irp->ThreadListEntry;
  Irp->Tail.Overlay.CurrentStackLocation = ring3::io::StackOf(Irp) + StackSize;
}

// Makes an own packet as good as new, with `Iostatus` in its status block. nf-wdm-ioreuseirp
VOID IoReuseIrp(PIRP Irp, NTSTATUS Iostatus) {
  UCHAR allocation_flags = Irp->AllocationFlags;
  IoInitializeIrp(Irp, IoSizeOfIrp(Irp->StackCount), Irp->StackCount);
  Irp->AllocationFlags = allocation_flags;
  Irp->IoStatus.Status = Iostatus;
}

// Frees a packet of IoAllocateIrp, IoBuildAsynchronousFsdRequest or IoMakeAssociatedIrp, or a pool block made
// one with IoInitializeIrp. DRIVER_VERIFIER_IOMANAGER_VIOLATION 1: no packet, 2: still on a thread's list.
// nf-wdm-iofreeirp
VOID IoFreeIrp(PIRP Irp) {
  if (Irp->Type != IO_TYPE_IRP) {
    KeBugCheckEx(DRIVER_VERIFIER_IOMANAGER_VIOLATION, 1, reinterpret_cast<ULONG_PTR>(Irp), 0, 0);
  }
  if (Irp->ThreadListEntry.Flink != &Irp->ThreadListEntry) {
    KeBugCheckEx(DRIVER_VERIFIER_IOMANAGER_VIOLATION, 2, reinterpret_cast<ULONG_PTR>(Irp), 0, 0);
  }
  if (HasHeader(Irp)) {
    ring3::io::ReleaseIrp(Irp);
    return;
  }
  Irp->Type = 0;
  ExFreePool(Irp);
}

// A packet whose completion counts towards `Irp`, the master; the caller has set the master's IrpCount.
// nf-ntddk-iomakeassociatedirp
PIRP IoMakeAssociatedIrp(PIRP Irp, CCHAR StackSize) {
  PIRP associated = IoAllocateIrp(StackSize, FALSE);
  if (associated == nullptr) return nullptr;
  associated->Flags |= IRP_ASSOCIATED_IRP;
  associated->AssociatedIrp.MasterIrp = Irp;
  associated->Tail.Overlay.Thread = Irp->Tail.Overlay.Thread;
  return associated;
}

// Whether `Status` may be an IRP's final status. nf-ntddk-ioisvalidirpstatus
BOOLEAN IoIsValidIrpStatus(NTSTATUS Status) {
  return Status != STATUS_PENDING && Status != -1;
}

// Folds the status of an associated packet into its master's. nf-ntddk-iosetmasterirpstatus
VOID IoSetMasterIrpStatus(PIRP MasterIrp, NTSTATUS Status) {
  if (!NT_SUCCESS(Status) || NT_SUCCESS(MasterIrp->IoStatus.Status)) MasterIrp->IoStatus.Status = Status;
}

IO_PRIORITY_HINT IoGetIoPriorityHint(PIRP Irp) {
  return static_cast<IO_PRIORITY_HINT>((Irp->Flags >> 17) & 7) == 0
             ? IoPriorityNormal
             : static_cast<IO_PRIORITY_HINT>(((Irp->Flags >> 17) & 7) - 1);
}

// STATUS_INVALID_PARAMETER for a hint that drivers may not give. nf-wdm-iosetiopriorityhint
NTSTATUS IoSetIoPriorityHint(PIRP Irp, IO_PRIORITY_HINT PriorityHint) {
  if (PriorityHint < IoPriorityVeryLow || PriorityHint >= MaxIoPriorityTypes) return STATUS_INVALID_PARAMETER;
  Irp->Flags = (Irp->Flags & ~(7u << 17)) | ((static_cast<ULONG>(PriorityHint) + 1) << 17);
  return STATUS_SUCCESS;
}

}  // extern "C"
