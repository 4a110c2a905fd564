// SPDX-License-Identifier: MIT
#include <ddi/ex.h>

#include <array>
#include <atomic>

#include "base/spin_lock.h"
#include "ex/lock_checks.h"

// A push lock is one word: bit 0 exclusively held, bit 1 threads wait, the rest counts the threads that share
// it. Waiters queue outside the word, in one of a few global queues, and try again when they are woken; no
// new thread shares a lock that is waited for, so that writers get their turn.
namespace ring3::ex {
namespace {

constexpr ULONG_PTR kExclusive = 1;
constexpr ULONG_PTR kWaiters = 2;
constexpr ULONG_PTR kOneShared = 4;

enum class Access : uint8_t { kShared, kExclusive };

struct Waiter {
  PEX_PUSH_LOCK lock;
  Access access;
  Waiter* next;
  KEVENT woken;
};

struct Queue {
  SpinLock lock{LockRank::kResource};
  Waiter* first RING3_GUARDED_BY(lock) = nullptr;
};

Queue& QueueOf(PEX_PUSH_LOCK lock) {
  static std::array<Queue, 64> queues;
  return queues[(reinterpret_cast<uintptr_t>(lock) >> 3) * 0x9e3779b1u % queues.size()];
}

using Word = std::atomic_ref<ULONG_PTR>;

// `was_woken`: has waited before, so does not queue behind those that still do.
bool TryAcquire(PEX_PUSH_LOCK lock, Access access, bool was_woken) {
  Word word(*lock);
  ULONG_PTR value = word.load(std::memory_order_relaxed);
  for (;;) {
    const bool free = access == Access::kExclusive
                          ? (value & ~kWaiters) == 0
                          : (value & kExclusive) == 0 && (was_woken || (value & kWaiters) == 0);
    if (!free) return false;
    const ULONG_PTR taken = access == Access::kExclusive ? value | kExclusive : value + kOneShared;
    if (word.compare_exchange_weak(value, taken, std::memory_order_acquire, std::memory_order_relaxed))
      return true;
  }
}

// False when the lock became free meanwhile.
bool Enqueue(Queue& queue, Waiter& waiter, bool was_woken) {
  SpinLockGuard guard(queue.lock);
  Word word(*waiter.lock);
  ULONG_PTR value = word.load(std::memory_order_relaxed);
  do {
    const bool held = waiter.access == Access::kExclusive
                          ? (value & ~kWaiters) != 0
                          : (value & kExclusive) != 0 || (!was_woken && (value & kWaiters) != 0);
    if (!held) return false;
  } while (!word.compare_exchange_weak(value, value | kWaiters, std::memory_order_relaxed));
  Waiter** end = &queue.first;
  // One that was woken in vain goes back to the front.
  if (!was_woken) {
    while (*end != nullptr) end = &(*end)->next;
  }
  waiter.next = *end;
  *end = &waiter;
  return true;
}

void AcquireSlow(PEX_PUSH_LOCK lock, Access access) {
  Queue& queue = QueueOf(lock);
  bool was_woken = false;
  for (;;) {
    Waiter waiter{lock, access, nullptr, {}};
    KeInitializeEvent(&waiter.woken, NotificationEvent, FALSE);
    if (Enqueue(queue, waiter, was_woken)) {
      WaitForEvent(&waiter.woken);
      was_woken = true;
    }
    if (TryAcquire(lock, access, was_woken)) return;
  }
}

// Wakes the first waiter, and where it shares, all that share.
void WakeWaiters(PEX_PUSH_LOCK lock) {
  Queue& queue = QueueOf(lock);
  Waiter* woken = nullptr;
  {
    SpinLockGuard guard(queue.lock);
    Waiter** woken_end = &woken;
    bool more = false;
    bool sharing = false;
    for (Waiter** link = &queue.first; *link != nullptr;) {
      Waiter* waiter = *link;
      if (waiter->lock != lock) {
        link = &waiter->next;
        continue;
      }
      if (woken == nullptr) sharing = waiter->access == Access::kShared;
      if (woken != nullptr && !(sharing && waiter->access == Access::kShared)) {
        more = true;
        link = &waiter->next;
        continue;
      }
      *link = waiter->next;
      waiter->next = nullptr;
      *woken_end = waiter;
      woken_end = &waiter->next;
    }
    if (!more) Word(*lock).fetch_and(~kWaiters, std::memory_order_relaxed);
  }
  while (woken != nullptr) {
    Waiter* next = woken->next;  // before its thread goes on
    KeSetEvent(&woken->woken, 0, FALSE);
    woken = next;
  }
}

void CheckIrql(PEX_PUSH_LOCK lock) {
  PKTHREAD thread = ke::CurrentThread();
  if (thread->state.irql > APC_LEVEL) [[unlikely]]
    KeBugCheckEx(KERNEL_AUTO_BOOST_LOCK_ACQUISITION_WITH_RAISED_IRQL, reinterpret_cast<ULONG_PTR>(thread),
                 reinterpret_cast<ULONG_PTR>(lock), thread->state.irql, 0);
}

}  // namespace
}  // namespace ring3::ex

using namespace ring3::ex;  // NOLINT(google-build-using-namespace)

// wdm/nf-wdm-exinitializepushlock
extern "C" VOID ExInitializePushLock(PEX_PUSH_LOCK PushLock) {
  Word(*PushLock).store(0, std::memory_order_relaxed);
}

// Waits for exclusive access. IRQL <= APC_LEVEL, normal kernel APCs disabled; not recursive.
// wdm/nf-wdm-exacquirepushlockexclusive
extern "C" VOID ExAcquirePushLockExclusiveEx(PEX_PUSH_LOCK PushLock, ULONG) {
  CheckIrql(PushLock);
  if (!TryAcquire(PushLock, Access::kExclusive, false)) AcquireSlow(PushLock, Access::kExclusive);
}

// Waits for shared access. wdm/nf-wdm-exacquirepushlockshared
extern "C" VOID ExAcquirePushLockSharedEx(PEX_PUSH_LOCK PushLock, ULONG) {
  CheckIrql(PushLock);
  if (!TryAcquire(PushLock, Access::kShared, false)) AcquireSlow(PushLock, Access::kShared);
}

// A lock that is not held exclusively is violation 0x1007. wdm/nf-wdm-exreleasepushlockexclusive
extern "C" VOID ExReleasePushLockExclusiveEx(PEX_PUSH_LOCK PushLock, ULONG) {
  const ULONG_PTR before = Word(*PushLock).fetch_and(~kExclusive, std::memory_order_release);
  if ((before & kExclusive) == 0) [[unlikely]]
    ReportLockViolation(kReleasedButNotAcquired, PushLock);
  if ((before & kWaiters) != 0) WakeWaiters(PushLock);
}

// A lock that is not shared is violation 0x1007. wdm/nf-wdm-exreleasepushlockshared
extern "C" VOID ExReleasePushLockSharedEx(PEX_PUSH_LOCK PushLock, ULONG) {
  const ULONG_PTR before = Word(*PushLock).fetch_sub(kOneShared, std::memory_order_release);
  if (before < kOneShared) [[unlikely]]
    ReportLockViolation(kReleasedButNotAcquired, PushLock);
  if (before - kOneShared == kWaiters) WakeWaiters(PushLock);
}

// Releases in whichever way the lock is held.
extern "C" VOID ExReleasePushLockEx(PEX_PUSH_LOCK PushLock, ULONG Flags) {
  if ((Word(*PushLock).load(std::memory_order_relaxed) & kExclusive) != 0) {
    ExReleasePushLockExclusiveEx(PushLock, Flags);
  } else {
    ExReleasePushLockSharedEx(PushLock, Flags);
  }
}
