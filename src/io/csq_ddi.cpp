// SPDX-License-Identifier: MIT
// Cancel-safe queues: the driver keeps the list, this keeps cancellation right.
// While a packet is queued, Tail.Overlay.DriverContext[3] points to the queue, or to the IO_CSQ_IRP_CONTEXT
// it came with.
#include <ntstatus.h>

#include "io/irp.h"
#include "ke/driver_gate.h"

using namespace ring3;
using namespace ring3::io;

namespace {

constexpr auto kLocks = ke::OnReturn::kLocksMayDiffer;

void AcquireLock(PIO_CSQ csq, PKIRQL irql) {
  ke::CallDriver<kLocks>(nullptr, ke::Callback::kOther, csq->CsqAcquireLock, csq, irql);
}
void ReleaseLock(PIO_CSQ csq, KIRQL irql) {
  ke::CallDriver<kLocks>(nullptr, ke::Callback::kOther, csq->CsqReleaseLock, csq, irql);
}
void RemoveIrp(PIO_CSQ csq, PIRP irp) {
  ke::CallDriver(nullptr, ke::Callback::kOther, csq->CsqRemoveIrp, csq, irp);
}
void CompleteCanceled(PIO_CSQ csq, PIRP irp) {
  ke::CallDriver(nullptr, ke::Callback::kOther, csq->CsqCompleteCanceledIrp, csq, irp);
}

PVOID& QueueWord(PIRP irp) {
  return irp->Tail.Overlay.DriverContext[3];
}

bool IsQueue(const void* word) {
  ULONG type = *static_cast<const ULONG*>(word);
  return type == IO_TYPE_CSQ || type == IO_TYPE_CSQ_EX;
}

void Forget(PIRP irp) {
  PVOID word = QueueWord(irp);
  if (word != nullptr && !IsQueue(word)) static_cast<PIO_CSQ_IRP_CONTEXT>(word)->Irp = nullptr;
  QueueWord(irp) = nullptr;
}

VOID NTAPI CancelQueuedIrp(PDEVICE_OBJECT, PIRP irp) {
  IoReleaseCancelSpinLock(irp->CancelIrql);
  PVOID word = QueueWord(irp);
  PIO_CSQ csq = IsQueue(word) ? static_cast<PIO_CSQ>(word) : static_cast<PIO_CSQ_IRP_CONTEXT>(word)->Csq;
  KIRQL irql;
  AcquireLock(csq, &irql);
  RemoveIrp(csq, irp);
  Forget(irp);
  ReleaseLock(csq, irql);
  CompleteCanceled(csq, irp);
}

NTSTATUS Insert(PIO_CSQ csq, PIRP irp, PIO_CSQ_IRP_CONTEXT context, PVOID insert_context) {
  if (context != nullptr) {
    context->Type = IO_TYPE_CSQ_IRP_CONTEXT;
    context->Irp = irp;
    context->Csq = csq;
    QueueWord(irp) = context;
  } else {
    QueueWord(irp) = csq;
  }
  KIRQL irql;
  AcquireLock(csq, &irql);
  NTSTATUS status = STATUS_SUCCESS;
  // Before the driver can take it out again, and before it can be completed by whoever does.
  IoMarkIrpPending(irp);
  if (csq->Type == IO_TYPE_CSQ_EX) {
    auto insert = reinterpret_cast<PIO_CSQ_INSERT_IRP_EX>(reinterpret_cast<void*>(csq->CsqInsertIrp));
    status = ke::CallDriver(nullptr, ke::Callback::kOther, insert, csq, irp, insert_context);
    if (!NT_SUCCESS(status)) {
      IoGetCurrentIrpStackLocation(irp)->Control &= static_cast<UCHAR>(~SL_PENDING_RETURNED);
      Forget(irp);
      ReleaseLock(csq, irql);
      return status;
    }
  } else {
    ke::CallDriver(nullptr, ke::Callback::kOther, csq->CsqInsertIrp, csq, irp);
  }
  IoSetCancelRoutine(irp, CancelQueuedIrp);
  if (IsCancelled(*irp) && IoSetCancelRoutine(irp, nullptr) != nullptr) {
    // Cancelled before it had a cancel routine.
    RemoveIrp(csq, irp);
    Forget(irp);
    ReleaseLock(csq, irql);
    CompleteCanceled(csq, irp);
    return status;
  }
  ReleaseLock(csq, irql);
  return status;
}

void Initialize(PIO_CSQ csq, ULONG type, PIO_CSQ_INSERT_IRP insert, PIO_CSQ_REMOVE_IRP remove,
                PIO_CSQ_PEEK_NEXT_IRP peek, PIO_CSQ_ACQUIRE_LOCK acquire, PIO_CSQ_RELEASE_LOCK release,
                PIO_CSQ_COMPLETE_CANCELED_IRP complete) {
  *csq = IO_CSQ{type, insert, remove, peek, acquire, release, complete, nullptr};
}

}  // namespace

extern "C" {

// nf-wdm-iocsqinitialize
NTSTATUS IoCsqInitialize(PIO_CSQ Csq, PIO_CSQ_INSERT_IRP CsqInsertIrp, PIO_CSQ_REMOVE_IRP CsqRemoveIrp,
                         PIO_CSQ_PEEK_NEXT_IRP CsqPeekNextIrp, PIO_CSQ_ACQUIRE_LOCK CsqAcquireLock,
                         PIO_CSQ_RELEASE_LOCK CsqReleaseLock,
                         PIO_CSQ_COMPLETE_CANCELED_IRP CsqCompleteCanceledIrp) {
  Initialize(Csq, IO_TYPE_CSQ, CsqInsertIrp, CsqRemoveIrp, CsqPeekNextIrp, CsqAcquireLock, CsqReleaseLock,
             CsqCompleteCanceledIrp);
  return STATUS_SUCCESS;
}

// The same with an insert routine that may refuse. nf-wdm-iocsqinitializeex
NTSTATUS IoCsqInitializeEx(PIO_CSQ Csq, PIO_CSQ_INSERT_IRP_EX CsqInsertIrp, PIO_CSQ_REMOVE_IRP CsqRemoveIrp,
                           PIO_CSQ_PEEK_NEXT_IRP CsqPeekNextIrp, PIO_CSQ_ACQUIRE_LOCK CsqAcquireLock,
                           PIO_CSQ_RELEASE_LOCK CsqReleaseLock,
                           PIO_CSQ_COMPLETE_CANCELED_IRP CsqCompleteCanceledIrp) {
  Initialize(Csq, IO_TYPE_CSQ_EX, reinterpret_cast<PIO_CSQ_INSERT_IRP>(reinterpret_cast<void*>(CsqInsertIrp)),
             CsqRemoveIrp, CsqPeekNextIrp, CsqAcquireLock, CsqReleaseLock, CsqCompleteCanceledIrp);
  return STATUS_SUCCESS;
}

// Queues the packet and marks it pending; one that is cancelled already is completed. nf-wdm-iocsqinsertirp
VOID IoCsqInsertIrp(PIO_CSQ Csq, PIRP Irp, PIO_CSQ_IRP_CONTEXT Context) {
  Insert(Csq, Irp, Context, nullptr);
}

// What the driver's insert routine returned. nf-wdm-iocsqinsertirpex
NTSTATUS IoCsqInsertIrpEx(PIO_CSQ Csq, PIRP Irp, PIO_CSQ_IRP_CONTEXT Context, PVOID InsertContext) {
  return Insert(Csq, Irp, Context, InsertContext);
}

// The next packet that matches and is not being cancelled; null when there is none. nf-wdm-iocsqremovenextirp
PIRP IoCsqRemoveNextIrp(PIO_CSQ Csq, PVOID PeekContext) {
  KIRQL irql;
  AcquireLock(Csq, &irql);
  PIRP irp = nullptr;
  for (;;) {
    irp = ke::CallDriver(nullptr, ke::Callback::kOther, Csq->CsqPeekNextIrp, Csq, irp, PeekContext);
    if (irp == nullptr) break;
    if (IoSetCancelRoutine(irp, nullptr) == nullptr) continue;
    RemoveIrp(Csq, irp);
    Forget(irp);
    break;
  }
  ReleaseLock(Csq, irql);
  return irp;
}

// The packet that was queued with `Context`; null where it was cancelled or removed. nf-wdm-iocsqremoveirp
PIRP IoCsqRemoveIrp(PIO_CSQ Csq, PIO_CSQ_IRP_CONTEXT Context) {
  KIRQL irql;
  AcquireLock(Csq, &irql);
  PIRP irp = Context->Irp;
  if (irp != nullptr) {
    if (IoSetCancelRoutine(irp, nullptr) == nullptr) {
      irp = nullptr;
    } else {
      RemoveIrp(Csq, irp);
      Forget(irp);
    }
  }
  ReleaseLock(Csq, irql);
  return irp;
}

}  // extern "C"
