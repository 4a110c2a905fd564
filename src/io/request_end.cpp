// SPDX-License-Identifier: MIT
// The end of requests: results go to the requester, in the context of its process.
#include <ddi/ex.h>
#include <ddi/mm.h>
#include <ntstatus.h>

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <cstring>

#include "io/completion_port.h"
#include "io/file.h"
#include "io/outstanding_work.h"
#include "mm/layout.h"
#include "mm/user_memory.h"
#include "mm/user_window.h"
#include "ob/object.h"

namespace ring3::io {
namespace {

Status CopyOut(KPROCESSOR_MODE mode, void* destination, const void* source, size_t byte_count) {
  if (mode == UserMode) return mm::CopyToUser(destination, source, byte_count);
  std::memcpy(destination, source, byte_count);
  return STATUS_SUCCESS;
}

// The application may have freed its status block meanwhile: then there is nobody to tell.
void WriteStatusBlock(IRP* irp, const IO_STATUS_BLOCK& result) {
  if (irp->UserIosb == nullptr) return;
  if (irp->RequestorMode == KernelMode || IrpHeader::Of(irp)->kernel_results) {
    irp->UserIosb->Information = result.Information;
    __atomic_store_n(&irp->UserIosb->Status, result.Status, __ATOMIC_RELEASE);
    return;
  }
  mm::SettleUserWindow(reinterpret_cast<PEPROCESS>(ke::CurrentThread()->process));
  // Information first: an application that polls the status finds everything there. It is aligned as the
  // application likes.
  char* const block = reinterpret_cast<char*>(irp->UserIosb);
  if (mm::CopyToUser(block + offsetof(IO_STATUS_BLOCK, Information), &result.Information,
                     sizeof(result.Information))
          .ok()) {
    (void)mm::CopyToUser(block + offsetof(IO_STATUS_BLOCK, Status), &result.Status, sizeof(result.Status))
        .ok();
  }
}

void NTAPI FreeApcPacket(PKAPC apc, PKNORMAL_ROUTINE*, PVOID*, PVOID*, PVOID*) {
  ReleaseIrp(CONTAINING_RECORD(apc, IRP, Tail.Apc));
}
void NTAPI RundownApcPacket(PKAPC apc) {
  ReleaseIrp(CONTAINING_RECORD(apc, IRP, Tail.Apc));
}

// Queues the requester's APC, which the packet itself carries. False: the thread takes no more.
bool QueueUserApc(IRP* irp, PKTHREAD thread) {
  PIO_APC_ROUTINE routine = irp->Overlay.AsynchronousParameters.UserApcRoutine;
  PVOID context = irp->Overlay.AsynchronousParameters.UserApcContext;
  PIO_STATUS_BLOCK iosb = irp->UserIosb;
  KPROCESSOR_MODE mode = irp->RequestorMode;
  PKAPC apc = &irp->Tail.Apc;
  KeInitializeApc(apc, thread, OriginalApcEnvironment, FreeApcPacket, RundownApcPacket,
                  reinterpret_cast<PKNORMAL_ROUTINE>(reinterpret_cast<void*>(routine)), mode, context);
  return KeInsertQueueApc(apc, iosb, nullptr, IO_NO_INCREMENT) != FALSE;
}

void SignalEvents(IRP* irp, FILE_OBJECT* file, bool is_fast) {
  PKEVENT event = irp->UserEvent;
  if (event != nullptr) {
    KeSetEvent(event, IO_NO_INCREMENT, FALSE);
    ob::Dereference(event);
  }
  if (file == nullptr) return;
  if (event != nullptr && !HasFlag(*file, FO_SYNCHRONOUS_IO)) return;
  if (is_fast && HasFlag(*file, FO_SKIP_SET_EVENT)) return;
  if (KeReadStateEvent(&file->Event) == 0) KeSetEvent(&file->Event, IO_NO_INCREMENT, FALSE);
}

// Tells a service's requester; true where an APC of his thread is to tell him as well.
bool DeliverServiceResult(IRP* irp, const IO_STATUS_BLOCK& result) {
  IrpHeader* header = IrpHeader::Of(irp);
  FILE_OBJECT* file = irp->Tail.Overlay.OriginalFileObject;
  if (NT_ERROR(result.Status) && !header->pended) {
    if (irp->UserEvent != nullptr) ob::Dereference(irp->UserEvent);
    return false;
  }
  WriteStatusBlock(irp, result);
  if (header->is_synchronous && file != nullptr) file->FinalStatus = result.Status;
  PIO_COMPLETION_CONTEXT port = file == nullptr ? nullptr : file->CompletionContext;
  PVOID context = irp->Overlay.AsynchronousParameters.UserApcContext;
  bool has_apc = irp->Overlay.AsynchronousParameters.UserApcRoutine != nullptr;
  bool post = port != nullptr && !has_apc && context != nullptr && !header->is_synchronous &&
              !(HasFlag(*file, FO_SKIP_COMPLETION_PORT) && !header->pended && NT_SUCCESS(result.Status));
  if (post) PostCompletion(port->Port, port->Key, context, result.Status, result.Information);
  SignalEvents(irp, file, !header->pended);
  return has_apc;
}

WORK_QUEUE_ITEM* WorkItemOf(IRP* irp) {
  static_assert(sizeof(WORK_QUEUE_ITEM) <= sizeof(irp->Tail.Overlay.DriverContext));
  return reinterpret_cast<WORK_QUEUE_ITEM*>(irp->Tail.Overlay.DriverContext);
}

OutstandingWork g_deferred;

void FinishInProcess(IRP* irp) {
  PKPROCESS process = IrpHeader::Of(irp)->process;
  if (process == nullptr || process == ke::CurrentThread()->process) {
    FinishRequest(irp);
    return;
  }
  KAPC_STATE state;
  KeStackAttachProcess(process, &state);
  FinishRequest(irp);
  KeUnstackDetachProcess(&state);
}

void NTAPI FinishOnWorker(PVOID context) {
  FinishInProcess(static_cast<IRP*>(context));
  g_deferred.End();
}

// Whether ending it touches nothing that needs its process or a lower IRQL.
bool CanFinishAnywhere(IRP* irp) {
  if (IrpHeader::Of(irp)->kind != IrpKind::kThread) return false;
  return (irp->UserBuffer == nullptr || mm::IsSystemAddress(irp->UserBuffer) ||
          (irp->Flags & IRP_INPUT_OPERATION) == 0);
}

}  // namespace

void ReleaseMdls(IRP* irp) {
  while (PMDL mdl = irp->MdlAddress) {
    irp->MdlAddress = mdl->Next;
    if ((mdl->MdlFlags & MDL_PAGES_LOCKED) != 0) MmUnlockPages(mdl);
    IoFreeMdl(mdl);
  }
}

NTSTATUS FinishRequest(IRP* irp) {
  IrpHeader* header = IrpHeader::Of(irp);
  // The reference that the packet has of its own.
  FILE_OBJECT* file =
      header->kernel_results || header->is_synchronous ? nullptr : irp->Tail.Overlay.OriginalFileObject;
  IO_STATUS_BLOCK result = irp->IoStatus;
  if ((irp->Flags & IRP_BUFFERED_IO) != 0) {
    if ((irp->Flags & IRP_INPUT_OPERATION) != 0 && !NT_ERROR(result.Status)) {
      size_t byte_count = std::min<size_t>(result.Information, header->output_byte_count);
      if (byte_count != 0) {
        Status copied =
            CopyOut(irp->RequestorMode, irp->UserBuffer, irp->AssociatedIrp.SystemBuffer, byte_count);
        if (!copied.ok()) result.Status = copied.status();
      }
    }
    if ((irp->Flags & IRP_DEALLOCATE_BUFFER) != 0) ExFreePool(irp->AssociatedIrp.SystemBuffer);
  }
  ReleaseMdls(irp);
  bool wants_apc = false;
  if (header->kernel_results) {
    WriteStatusBlock(irp, result);
  } else if (header->kind == IrpKind::kThread) {
    WriteStatusBlock(irp, result);
    UnlinkFromThread(irp);
    if (irp->UserEvent != nullptr) KeSetEvent(irp->UserEvent, IO_NO_INCREMENT, FALSE);
    ReleaseIrp(irp);
    return result.Status;
  } else {
    wants_apc = DeliverServiceResult(irp, result);
  }
  // As long as the thread has the packet, its process does not end: then its handles are the last references,
  // and the file is closed with them.
  if (file != nullptr) ob::Dereference(file);
  const PKTHREAD thread = wants_apc ? header->owner->thread : nullptr;
  UnlinkFromThread(irp);
  if (!wants_apc || !QueueUserApc(irp, thread)) ReleaseIrp(irp);
  return result.Status;
}

void AbandonRequest(IRP* irp) {
  IrpHeader* header = IrpHeader::Of(irp);
  if ((irp->Flags & IRP_DEALLOCATE_BUFFER) != 0 && irp->AssociatedIrp.SystemBuffer != nullptr) {
    ExFreePool(irp->AssociatedIrp.SystemBuffer);
  }
  ReleaseMdls(irp);
  UnlinkFromThread(irp);
  if (!header->kernel_results && header->kind == IrpKind::kService) {
    if (irp->UserEvent != nullptr) ob::Dereference(irp->UserEvent);
    if (!header->is_synchronous && irp->Tail.Overlay.OriginalFileObject != nullptr) {
      ob::Dereference(irp->Tail.Overlay.OriginalFileObject);
    }
  }
  ReleaseIrp(irp);
}

namespace {

void EndAssociatedIrp(IRP* irp) {
  IRP* master = irp->AssociatedIrp.MasterIrp;
  LONG left = __atomic_sub_fetch(&master->AssociatedIrp.IrpCount, 1, __ATOMIC_ACQ_REL);
  ReleaseMdls(irp);
  IoFreeIrp(irp);
  if (left == 0) IofCompleteRequest(master, IO_NO_INCREMENT);
}

// A packet that a driver allocated and whose completion routines let it pass.
void EndDriverIrp(IRP* irp) {
  if ((irp->Flags & IRP_BUFFERED_IO) != 0) {
    ULONG byte_count = HasHeader(irp) ? IrpHeader::Of(irp)->output_byte_count : 0;
    size_t copied = std::min<size_t>(irp->IoStatus.Information, byte_count);
    if ((irp->Flags & IRP_INPUT_OPERATION) != 0 && !NT_ERROR(irp->IoStatus.Status) && copied != 0) {
      std::memcpy(irp->UserBuffer, irp->AssociatedIrp.SystemBuffer, copied);
    }
    if ((irp->Flags & IRP_DEALLOCATE_BUFFER) != 0) ExFreePool(irp->AssociatedIrp.SystemBuffer);
  }
  ReleaseMdls(irp);
  if (irp->UserIosb != nullptr) *irp->UserIosb = irp->IoStatus;
  PKEVENT event = irp->UserEvent;
  IoFreeIrp(irp);
  if (event != nullptr) KeSetEvent(event, IO_NO_INCREMENT, FALSE);
}

}  // namespace

void EndCompletedIrp(IRP* irp) {
  if ((irp->Flags & IRP_ASSOCIATED_IRP) != 0) return EndAssociatedIrp(irp);
  if (!HasHeader(irp) || IrpHeader::Of(irp)->kind == IrpKind::kDriver) return EndDriverIrp(irp);
  IrpHeader* header = IrpHeader::Of(irp);
  uint32_t before = kIrpIssuing;
  // The common end: the issuer is still in the dispatch routine and finds the packet completed.
  if (header->state.compare_exchange_strong(before, kIrpCompleted, std::memory_order_acq_rel)) return;
  if (before == kIrpWaiting) {
    // The waiter may be through with the packet before KeSetEvent returns.
    header->references.fetch_add(1, std::memory_order_relaxed);
    header->state.store(kIrpCompleted, std::memory_order_release);
    KeSetEvent(&header->done, IO_NO_INCREMENT, FALSE);
    ReleaseIrp(irp);
    return;
  }
  header->state.store(kIrpCompleted, std::memory_order_release);
  if (ke::CurrentThread()->state.irql <= APC_LEVEL || CanFinishAnywhere(irp)) return FinishInProcess(irp);
  g_deferred.Begin();
  ExInitializeWorkItem(WorkItemOf(irp), FinishOnWorker, irp);
  ExQueueWorkItem(WorkItemOf(irp), CriticalWorkQueue);
}

void DrainDeferredCompletions() {
  g_deferred.WaitForNone();
}

}  // namespace ring3::io
