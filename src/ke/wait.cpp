// SPDX-License-Identifier: MIT
#include <bugcodes.h>
#include <ring3_seh.h>
#include <ntstatus.h>

#include "ke/apc.h"
#include "ke/dispatcher.h"
#include "ke/list.h"
#include "ke/room.h"
#include "os/clock.h"
#include "os/futex.h"

namespace ring3::ke {
namespace {

// A waker is often about to come: looking this often costs less than a system call.
constexpr int kSpinsBeforeSleep = 60;

DISPATCHER_HEADER& HeaderOf(PVOID object) {
  return *static_cast<DISPATCHER_HEADER*>(object);
}

bool IsSatisfiableLocked(const DISPATCHER_HEADER& header, PKTHREAD thread) RING3_REQUIRES(g_dispatcher_lock) {
  // Events are cleared without the lock.
  if (ReadSignalState(header) > 0) return true;
  if (header.Type == kQueueObject) return header.Abandoned != 0;
  return header.Type == kMutantObject && reinterpret_cast<const KMUTANT&>(header).OwnerThread == thread;
}

// What acquiring the object does to it. STATUS_ABANDONED for a mutant whose owner ended and a queue that has
// been run down, else STATUS_SUCCESS.
NTSTATUS AcquireLocked(DISPATCHER_HEADER& header, PKTHREAD thread) RING3_REQUIRES(g_dispatcher_lock) {
  switch (header.Type) {
    case kEventSynchronizationObject:
    case kTimerSynchronizationObject:
      StoreSignalState(header, 0);
      return STATUS_SUCCESS;
    case kQueueObject:
      if (header.Abandoned != 0) return STATUS_ABANDONED;
      [[fallthrough]];
    case kSemaphoreObject:
      StoreSignalState(header, header.SignalState - 1);
      return STATUS_SUCCESS;
    case kMutantObject: {
      auto& mutant = reinterpret_cast<KMUTANT&>(header);
      StoreSignalState(header, header.SignalState - 1);
      if (header.SignalState != 0) return STATUS_SUCCESS;
      mutant.OwnerThread = thread;
      thread->state.kernel_apc_disable -= mutant.ApcDisable;
      InsertTail(thread->mutant_list, mutant.MutantListEntry);
      if (!mutant.Abandoned) return STATUS_SUCCESS;
      mutant.Abandoned = FALSE;
      return STATUS_ABANDONED;
    }
    default:
      return STATUS_SUCCESS;
  }
}

bool AllSatisfiableLocked(PKTHREAD thread, ULONG count, const KWAIT_BLOCK* blocks)
    RING3_REQUIRES(g_dispatcher_lock) {
  for (ULONG i = 0; i < count; ++i) {
    if (!IsSatisfiableLocked(HeaderOf(blocks[i].Object), thread)) return false;
  }
  return true;
}

NTSTATUS AcquireAllLocked(PKTHREAD thread, ULONG count, const KWAIT_BLOCK* blocks)
    RING3_REQUIRES(g_dispatcher_lock) {
  NTSTATUS status = STATUS_SUCCESS;
  for (ULONG i = 0; i < count; ++i) status |= AcquireLocked(HeaderOf(blocks[i].Object), thread);
  return status;
}

void UnlinkLocked(PKTHREAD thread) RING3_REQUIRES(g_dispatcher_lock) {
  for (ULONG i = 0; i < thread->wait_count; ++i) Remove(thread->wait_blocks[i].WaitListEntry);
  thread->wait_blocks = nullptr;
}

// The status with which the request is satisfied at once, or `kNotNow`.
constexpr NTSTATUS kNotNow = STATUS_PENDING;
constexpr NTSTATUS kLimitExceeded = STATUS_MUTANT_LIMIT_EXCEEDED;

NTSTATUS TryNowLocked(PKTHREAD thread, const WaitRequest& request) RING3_REQUIRES(g_dispatcher_lock) {
  for (ULONG i = 0; i < request.count; ++i) {
    DISPATCHER_HEADER& header = HeaderOf(request.objects[i]);
    CheckObjectLocked(header);
    if (!IsSatisfiableLocked(header, thread)) {
      if (request.type == WaitAll) return kNotNow;
      continue;
    }
    if (header.Type == kMutantObject && header.SignalState == static_cast<LONG>(MINLONG))
      return kLimitExceeded;
    if (request.type == WaitAny) return AcquireLocked(header, thread) + static_cast<NTSTATUS>(i);
  }
  if (request.type == WaitAny || request.count == 0) return kNotNow;
  return AcquireAllLocked(thread, request.count, request.blocks);
}

void LinkLocked(PKTHREAD thread, const WaitRequest& request) RING3_REQUIRES(g_dispatcher_lock) {
  for (ULONG i = 0; i < request.count; ++i) {
    KWAIT_BLOCK& block = request.blocks[i];
    block.Thread = thread;
    block.WaitKey = static_cast<USHORT>(i);
    block.WaitType = static_cast<UCHAR>(request.type);
    InsertTail(HeaderOf(block.Object).WaitListHead, block.WaitListEntry);
  }
  thread->wait_blocks = request.blocks;
  thread->wait_count = request.count;
  thread->wait_type = request.type;
  thread->wait_reason = request.reason;
  thread->wait_mode = request.mode;
  thread->wait_alertable = request.alertable != FALSE;
  thread->wait_word.store(kWaitSpinning, std::memory_order_relaxed);
}

// Until the wait is over (true) or the deadline has passed (false).
bool Sleep(PKTHREAD thread, int64_t deadline) {
  std::atomic<uint32_t>& word = thread->wait_word;
  for (int i = 0; i < kSpinsBeforeSleep; ++i) {
    if (word.load(std::memory_order_acquire) == kWaitDone) return true;
    __builtin_ia32_pause();
  }
  const OutOfRoomScope outside(thread);
  uint32_t expected = kWaitSpinning;
  word.compare_exchange_strong(expected, kWaitSleeping, std::memory_order_acq_rel);
  while (word.load(std::memory_order_acquire) != kWaitDone) {
    if (os::FutexWait(word, kWaitSleeping, deadline) == os::FutexResult::kTimedOut) return false;
  }
  return true;
}

}  // namespace

void EndWaitLocked(PKTHREAD thread, NTSTATUS status, WakeList& wakes) {
  UnlinkLocked(thread);
  thread->wait_status = status;
  wakes.Add(thread);
}

void SignalObjectLocked(DISPATCHER_HEADER& header, WakeList& wakes) {
  LIST_ENTRY& head = header.WaitListHead;
  for (LIST_ENTRY* entry = head.Flink; entry != &head && header.SignalState > 0;) {
    auto* block = CONTAINING_RECORD(entry, KWAIT_BLOCK, WaitListEntry);
    PKTHREAD thread = block->Thread;
    NTSTATUS status;
    if (block->WaitType == WaitAny) {
      status = AcquireLocked(header, thread) + block->WaitKey;
    } else if (AllSatisfiableLocked(thread, thread->wait_count, thread->wait_blocks)) {
      status = AcquireAllLocked(thread, thread->wait_count, thread->wait_blocks);
    } else {
      entry = entry->Flink;
      continue;
    }
    EndWaitLocked(thread, status, wakes);
    // The thread may have had several blocks in this list.
    entry = head.Flink;
  }
}

void AbandonMutantsLocked(PKTHREAD thread, WakeList& wakes) {
  while (!IsEmpty(thread->mutant_list)) {
    auto* mutant = CONTAINING_RECORD(RemoveHead(thread->mutant_list), KMUTANT, MutantListEntry);
    thread->state.kernel_apc_disable += mutant->ApcDisable;
    mutant->OwnerThread = nullptr;
    mutant->Abandoned = TRUE;
    StoreSignalState(mutant->Header, 1);
    SignalObjectLocked(mutant->Header, wakes);
  }
}

NTSTATUS Wait(PKTHREAD thread, const WaitRequest& request) {
  const bool poll = request.timeout != nullptr && request.timeout->QuadPart == 0 && request.count != 0;
  int64_t deadline = os::kNoDeadline;
  bool deadline_known = request.timeout == nullptr;
  for (ULONG i = 0; i < request.count; ++i) request.blocks[i].Object = request.objects[i];
  for (;;) {
    if (!deadline_known && !poll) {
      deadline = DeadlineNs(request.timeout->QuadPart);
      deadline_known = true;
    }
    bool deliver_apcs = false;
    NTSTATUS status;
    {
      DispatcherScope scope;
      status = TryNowLocked(thread, request);
      if (status == kNotNow) {
        if (poll) return STATUS_TIMEOUT;
        status = InterruptionLocked(thread, request.mode, request.alertable);
        if (status == STATUS_SUCCESS) {
          deliver_apcs = CanDeliverKernelApcLocked(thread);
          if (!deliver_apcs) LinkLocked(thread, request);
          status = kNotNow;
        }
      }
    }
    if (status == kLimitExceeded) Ring3SehRaiseStatus(status);
    if (status != kNotNow) return status;
    if (deliver_apcs) {
      DeliverKernelApcs(thread);
      continue;
    }
    if (!Sleep(thread, deadline)) {
      bool timed_out;
      {
        DispatcherScope scope;
        timed_out = IsWaitingLocked(thread);
        if (timed_out) UnlinkLocked(thread);
      }
      if (timed_out) {
        thread->wait_word.store(kWaitNone, std::memory_order_relaxed);
        return STATUS_TIMEOUT;
      }
      // Somebody has ended the wait at the same time, and is about to say so.
      Sleep(thread, os::kNoDeadline);
    }
    // The waker's writes, wait_status among them, are visible: the word was read with acquire.
    thread->wait_word.store(kWaitNone, std::memory_order_relaxed);
    if (thread->wait_status != STATUS_KERNEL_APC) return thread->wait_status;
    DeliverKernelApcs(thread);
  }
}

}  // namespace ring3::ke
