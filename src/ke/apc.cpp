// SPDX-License-Identifier: MIT
#include "ke/apc.h"

#include <ntstatus.h>

#include "ke/door.h"
#include "ke/driver_gate.h"
#include "ke/list.h"
#include "ke/service_scope.h"

namespace ring3::ke {
namespace {

constexpr int kKernelRoutine = 0;
constexpr int kRundownRoutine = 1;
constexpr int kNormalRoutine = 2;

PKKERNEL_ROUTINE KernelRoutineOf(PKAPC apc) {
  return reinterpret_cast<PKKERNEL_ROUTINE>(apc->Reserved[kKernelRoutine]);
}
PKRUNDOWN_ROUTINE RundownRoutineOf(PKAPC apc) {
  return reinterpret_cast<PKRUNDOWN_ROUTINE>(apc->Reserved[kRundownRoutine]);
}
PKNORMAL_ROUTINE NormalRoutineOf(PKAPC apc) {
  return reinterpret_cast<PKNORMAL_ROUTINE>(apc->Reserved[kNormalRoutine]);
}

bool IsSpecial(PKAPC apc) {
  return apc->Reserved[kNormalRoutine] == nullptr;
}

PKAPC FirstDeliverableLocked(PKTHREAD thread) RING3_REQUIRES(g_dispatcher_lock) {
  if (thread->state.irql >= APC_LEVEL || thread->state.special_apc_disable != 0) return nullptr;
  LIST_ENTRY& head = thread->apc_state.ApcListHead[KernelMode];
  // Special APCs are at the front of the list.
  if (IsEmpty(head)) return nullptr;
  auto* apc = CONTAINING_RECORD(head.Flink, KAPC, ApcListEntry);
  if (IsSpecial(apc)) return apc;
  if (thread->state.kernel_apc_disable != 0 || thread->apc_state.KernelApcInProgress) return nullptr;
  return apc;
}

void RemoveLocked(PKAPC apc) RING3_REQUIRES(g_dispatcher_lock) {
  Remove(apc->ApcListEntry);
  apc->Inserted = FALSE;
  PKTHREAD thread = apc->Thread;
  if (apc->ApcMode == KernelMode && IsEmpty(thread->apc_state.ApcListHead[KernelMode])) {
    thread->kernel_apc_pending.store(false, std::memory_order_relaxed);
    thread->apc_state.KernelApcPending = FALSE;
  }
}

void InsertLocked(PKAPC apc) RING3_REQUIRES(g_dispatcher_lock) {
  LIST_ENTRY& head = apc->Thread->apc_state.ApcListHead[static_cast<int>(apc->ApcMode)];
  LIST_ENTRY* position = &head;
  if (apc->ApcMode == KernelMode && IsSpecial(apc)) {
    position = head.Flink;
    while (position != &head && IsSpecial(CONTAINING_RECORD(position, KAPC, ApcListEntry)))
      position = position->Flink;
  }
  InsertBefore(*position, apc->ApcListEntry);
  apc->Inserted = TRUE;
}

}  // namespace

NTSTATUS InterruptionLocked(PKTHREAD thread, KPROCESSOR_MODE mode, BOOLEAN alertable) {
  if (alertable) {
    const auto index = static_cast<int>(mode);
    if (thread->alerted[index]) {
      thread->alerted[index] = false;
      return STATUS_ALERTED;
    }
    if (mode == UserMode && !IsEmpty(thread->apc_state.ApcListHead[UserMode])) {
      thread->user_apc_pending.store(true, std::memory_order_relaxed);
      return STATUS_USER_APC;
    }
    if (thread->alerted[KernelMode]) {
      thread->alerted[KernelMode] = false;
      return STATUS_ALERTED;
    }
  }
  if (mode == UserMode && thread->user_apc_pending.load(std::memory_order_relaxed)) return STATUS_USER_APC;
  return STATUS_SUCCESS;
}

bool CanDeliverKernelApcLocked(PKTHREAD thread) {
  return FirstDeliverableLocked(thread) != nullptr;
}

void DeliverKernelApcs(PKTHREAD thread) {
  for (;;) {
    PKAPC apc;
    {
      DispatcherScope scope;
      apc = FirstDeliverableLocked(thread);
      if (apc == nullptr) return;
      RemoveLocked(apc);
    }
    const KIRQL old_irql = thread->state.irql;
    PKNORMAL_ROUTINE normal = NormalRoutineOf(apc);
    PVOID context = apc->NormalContext;
    PVOID argument1 = apc->SystemArgument1;
    PVOID argument2 = apc->SystemArgument2;
    // The kernel routine may free the APC.
    const PKKERNEL_ROUTINE kernel_routine = KernelRoutineOf(apc);
    thread->state.irql = APC_LEVEL;
    CallDriver(nullptr, Callback::kApc, kernel_routine, apc, &normal, &context, &argument1, &argument2);
    if (normal != nullptr) {
      thread->apc_state.KernelApcInProgress = TRUE;
      thread->state.irql = PASSIVE_LEVEL;
      CallDriver(nullptr, Callback::kApc, normal, context, argument1, argument2);
      thread->apc_state.KernelApcInProgress = FALSE;
    }
    thread->state.irql = old_irql;
  }
}

void DeliverUserApcs(PKTHREAD thread, rtl::SehFrame* application_frames) {
  for (;;) {
    PKAPC apc;
    {
      DispatcherScope scope;
      LIST_ENTRY& head = thread->apc_state.ApcListHead[UserMode];
      if (IsEmpty(head)) {
        thread->user_apc_pending.store(false, std::memory_order_relaxed);
        return;
      }
      apc = CONTAINING_RECORD(head.Flink, KAPC, ApcListEntry);
      RemoveLocked(apc);
      // The last one may not come back here.
      if (IsEmpty(head)) thread->user_apc_pending.store(false, std::memory_order_relaxed);
    }
    PKNORMAL_ROUTINE normal = NormalRoutineOf(apc);
    PVOID context = apc->NormalContext;
    PVOID argument1 = apc->SystemArgument1;
    PVOID argument2 = apc->SystemArgument2;
    const KIRQL old_irql = thread->state.irql;
    thread->state.irql = APC_LEVEL;
    CallDriver(nullptr, Callback::kApc, KernelRoutineOf(apc), apc, &normal, &context, &argument1, &argument2);
    thread->state.irql = old_irql;
    if (normal == nullptr) continue;
    // The normal routine is the application's: the thread is out of the executive meanwhile, and an exception
    // may go on in a frame of the application without coming back here.
    const uint32_t depth = thread->kernel_depth;
    const KPROCESSOR_MODE mode = thread->previous_mode;
    rtl::SehFrame* const frames = rtl::ring3_seh_top;
    const uint32_t inside = t_door.inside;
    thread->kernel_depth = 0;
    rtl::ring3_seh_top = application_frames;
    t_door.inside = 0;
    const PKPROCESS own = thread->own_process;
    if (UserCode* const elsewhere = own == nullptr ? nullptr : own->user_code; elsewhere != nullptr) {
      elsewhere->RunApc(normal, context, argument1, argument2);
    } else {
      normal(context, argument1, argument2);
    }
    EnterDoor();
    t_door.inside = inside;
    rtl::ring3_seh_top = frames;
    thread->kernel_depth = depth;
    thread->previous_mode = mode;
  }
}

void DeliverApcsOnServiceExit(PKTHREAD thread, rtl::SehFrame* application_frames) {
  if (thread->state.irql != PASSIVE_LEVEL) return;
  if (thread->kernel_apc_pending.load(std::memory_order_relaxed)) DeliverKernelApcs(thread);
  if (thread->kernel_depth == 1 && thread->previous_mode == UserMode &&
      thread->user_apc_pending.load(std::memory_order_relaxed)) {
    DeliverUserApcs(thread, application_frames);
  }
}

void RundownApcs(PKTHREAD thread) {
  for (int mode = KernelMode; mode <= UserMode; ++mode) {
    for (;;) {
      PKAPC apc;
      {
        DispatcherScope scope;
        LIST_ENTRY& head = thread->apc_state.ApcListHead[mode];
        if (IsEmpty(head)) break;
        apc = CONTAINING_RECORD(head.Flink, KAPC, ApcListEntry);
        RemoveLocked(apc);
      }
      if (RundownRoutineOf(apc) != nullptr) {
        CallDriver(nullptr, Callback::kApc, RundownRoutineOf(apc), apc);
      } else if (KernelRoutineOf(apc) != nullptr) {
        PKNORMAL_ROUTINE normal = NormalRoutineOf(apc);
        PVOID context = apc->NormalContext;
        PVOID argument1 = apc->SystemArgument1;
        PVOID argument2 = apc->SystemArgument2;
        const KIRQL old_irql = thread->state.irql;
        thread->state.irql = APC_LEVEL;
        CallDriver(nullptr, Callback::kApc, KernelRoutineOf(apc), apc, &normal, &context, &argument1,
                   &argument2);
        thread->state.irql = old_irql;
      }
    }
  }
}

bool QueueApc(PKAPC apc, PVOID argument1, PVOID argument2) {
  DispatcherScope scope;
  PKTHREAD thread = apc->Thread;
  if (apc->Inserted || thread->Header.SignalState > 0) return false;
  apc->SystemArgument1 = argument1;
  apc->SystemArgument2 = argument2;
  InsertLocked(apc);
  if (apc->ApcMode == KernelMode) {
    thread->kernel_apc_pending.store(true, std::memory_order_relaxed);
    thread->apc_state.KernelApcPending = TRUE;
    // The state of a thread that does not wait is its own business: it looks itself.
    if (IsWaitingLocked(thread) && FirstDeliverableLocked(thread) != nullptr) {
      EndWaitLocked(thread, STATUS_KERNEL_APC, scope.wakes);
    }
  } else if (IsWaitingLocked(thread) && thread->wait_mode == UserMode && thread->wait_alertable) {
    thread->user_apc_pending.store(true, std::memory_order_relaxed);
    EndWaitLocked(thread, STATUS_USER_APC, scope.wakes);
  }
  return true;
}

void AbortUserWaits(PKTHREAD thread) {
  DispatcherScope scope;
  thread->user_apc_pending.store(true, std::memory_order_relaxed);
  if (IsWaitingLocked(thread) && thread->wait_mode == UserMode)
    EndWaitLocked(thread, STATUS_USER_APC, scope.wakes);
}

}  // namespace ring3::ke

using namespace ring3::ke;

// Windows exports these without documenting them.
// Prepares an APC for `Thread`. NormalRoutine null makes it a special kernel APC. Any IRQL.
void KeInitializeApc(PRKAPC Apc, PKTHREAD Thread, KAPC_ENVIRONMENT Environment,
                     PKKERNEL_ROUTINE KernelRoutine, PKRUNDOWN_ROUTINE RundownRoutine,
                     PKNORMAL_ROUTINE NormalRoutine, KPROCESSOR_MODE ApcMode, PVOID NormalContext) {
  constexpr UCHAR kApcObject = 18;
  *Apc = {};
  Apc->Type = kApcObject;
  Apc->Size = sizeof(KAPC);
  Apc->Thread = Thread;
  Apc->ApcStateIndex =
      static_cast<CCHAR>(Environment == CurrentApcEnvironment ? Thread->apc_state_index : Environment);
  Apc->Reserved[kKernelRoutine] = reinterpret_cast<PVOID>(KernelRoutine);
  Apc->Reserved[kRundownRoutine] = reinterpret_cast<PVOID>(RundownRoutine);
  Apc->Reserved[kNormalRoutine] = reinterpret_cast<PVOID>(NormalRoutine);
  Apc->ApcMode = NormalRoutine == nullptr ? static_cast<KPROCESSOR_MODE>(KernelMode) : ApcMode;
  Apc->NormalContext = NormalRoutine == nullptr ? nullptr : NormalContext;
}

// Queues an APC. FALSE when it is queued already or its thread has ended. IRQL <= DISPATCH_LEVEL.
BOOLEAN KeInsertQueueApc(PRKAPC Apc, PVOID SystemArgument1, PVOID SystemArgument2, KPRIORITY) {
  PKTHREAD self = CurrentThread();
  CheckIrqlAtMost(self, DISPATCH_LEVEL);
  // A queued APC may have run, and been freed, when QueueApc returns.
  const bool own = Apc->Thread == self;
  if (!QueueApc(Apc, SystemArgument1, SystemArgument2)) return FALSE;
  if (own) DeliverKernelApcsIfPending(self);
  return TRUE;
}

// Takes an APC that has not run yet from its queue; FALSE when it is not there. IRQL <= DISPATCH_LEVEL.
BOOLEAN KeRemoveQueueApc(PRKAPC Apc) {
  CheckIrqlAtMost(CurrentThread(), DISPATCH_LEVEL);
  DispatcherScope scope;
  if (!Apc->Inserted) return FALSE;
  RemoveLocked(Apc);
  return TRUE;
}

// Ends an alertable wait of `Thread` in `AlertMode` or a less privileged one, or marks the thread alerted.
// Returns whether it was alerted before.
BOOLEAN KeAlertThread(PKTHREAD Thread, KPROCESSOR_MODE AlertMode) {
  CheckIrqlAtMost(CurrentThread(), DISPATCH_LEVEL);
  DispatcherScope scope;
  const auto index = static_cast<int>(AlertMode);
  const bool before = Thread->alerted[index];
  if (before) return TRUE;
  if (IsWaitingLocked(Thread) && Thread->wait_alertable && AlertMode <= Thread->wait_mode) {
    EndWaitLocked(Thread, STATUS_ALERTED, scope.wakes);
  } else {
    Thread->alerted[index] = true;
  }
  return FALSE;
}

// Whether the running thread was alerted; it is not any more. Pending user APCs become deliverable.
BOOLEAN KeTestAlertThread(KPROCESSOR_MODE AlertMode) {
  PKTHREAD thread = CurrentThread();
  DispatcherScope scope;
  const auto index = static_cast<int>(AlertMode);
  const bool alerted = thread->alerted[index];
  thread->alerted[index] = false;
  if (AlertMode == UserMode && !IsEmpty(thread->apc_state.ApcListHead[UserMode])) {
    thread->user_apc_pending.store(true, std::memory_order_relaxed);
  }
  return alerted;
}
