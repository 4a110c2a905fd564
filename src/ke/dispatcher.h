// SPDX-License-Identifier: MIT
#pragma once

#include <atomic>
#include <cstdint>

#include "base/spin_lock.h"
#include "ke/kthread.h"

// Dispatcher objects: what can be waited for. Everything about them (signal states, wait lists, timers, APC
// queues) changes under one lock; Linux is called only after it has been released.
namespace ring3::ke {

inline constinit SpinLock g_dispatcher_lock{LockRank::kDispatcher};

// Threads whose waits have ended, to be let go once the dispatcher lock has been released: not before, since
// the first thing that a thread does may be to free the object that it waited for.
class WakeList {
 public:
  WakeList() = default;
  WakeList(const WakeList&) = delete;
  WakeList& operator=(const WakeList&) = delete;

  void Add(PKTHREAD thread) {
    thread->wake_next = first_;
    first_ = thread;
  }
  // A futex of the kernel's own; one of them.
  void AddFutex(std::atomic<uint32_t>* word) { futex_ = word; }
  void WakeAll() {
    if (__builtin_expect(first_ != nullptr || futex_ != nullptr, false)) WakeThem();
  }

 private:
  void WakeThem();

  PKTHREAD first_ = nullptr;
  std::atomic<uint32_t>* futex_ = nullptr;
};

class RING3_SCOPED_CAPABILITY DispatcherScope {
 public:
  DispatcherScope() RING3_ACQUIRE(g_dispatcher_lock) { g_dispatcher_lock.Lock(); }
  ~DispatcherScope() RING3_RELEASE() {
    g_dispatcher_lock.Unlock();
    wakes.WakeAll();
  }
  DispatcherScope(const DispatcherScope&) = delete;
  DispatcherScope& operator=(const DispatcherScope&) = delete;

  WakeList wakes;
};

inline void InitializeHeader(DISPATCHER_HEADER& header, ObjectType type, size_t byte_count,
                             LONG signal_state) {
  header.Lock = 0;
  header.Type = type;
  header.Size = static_cast<UCHAR>(byte_count / sizeof(LONG));
  header.SignalState = signal_state;
  header.WaitListHead.Flink = header.WaitListHead.Blink = &header.WaitListHead;
}

// The signal state without the lock, for the KeReadState routines.
inline LONG ReadSignalState(const DISPATCHER_HEADER& header) {
  return __atomic_load_n(&header.SignalState, __ATOMIC_ACQUIRE);
}
inline void StoreSignalState(DISPATCHER_HEADER& header, LONG state) {
  __atomic_store_n(&header.SignalState, state, __ATOMIC_RELEASE);
}

// Bug check KERNEL_SECURITY_CHECK_FAILURE (corrupt list) when `header` is not an initialised dispatcher
// object.
void CheckObjectLocked(const DISPATCHER_HEADER& header) RING3_REQUIRES(g_dispatcher_lock);

// The object's signal state has been raised: satisfies the waits that it satisfies, first come first served.
void SignalObjectLocked(DISPATCHER_HEADER& header, WakeList& wakes) RING3_REQUIRES(g_dispatcher_lock);

// Ends a thread's wait with `status`. The thread must be waiting.
void EndWaitLocked(PKTHREAD thread, NTSTATUS status, WakeList& wakes) RING3_REQUIRES(g_dispatcher_lock);
inline bool IsWaitingLocked(PKTHREAD thread) RING3_REQUIRES(g_dispatcher_lock) {
  return thread->wait_blocks != nullptr;
}

// Whether the running thread owns it: only that itself can change this.
bool OwnsMutant(const KMUTANT& mutant);

// Releases every mutant that the thread owns, as abandoned.
void AbandonMutantsLocked(PKTHREAD thread, WakeList& wakes) RING3_REQUIRES(g_dispatcher_lock);

struct WaitRequest {
  ULONG count;  // zero: a delay
  PVOID* objects;
  WAIT_TYPE type;
  KWAIT_REASON reason;
  KPROCESSOR_MODE mode;
  BOOLEAN alertable;
  const LARGE_INTEGER* timeout;
  PKWAIT_BLOCK blocks;  // at least `count` (and one)
};
// The wait itself; the caller has checked IRQL and count. STATUS_TIMEOUT also for a delay that has run out.
NTSTATUS Wait(PKTHREAD thread, const WaitRequest& request);

// After KeSetEvent and the like with Wait TRUE: the IRQL stays raised until the wait that must follow.
void PrepareWaitNext(PKTHREAD thread);

// A deadline for os::FutexWait from a time in 100 ns units: negative is relative, others are system time.
int64_t DeadlineNs(LONGLONG time_100ns);

// IRQL checks that Driver Verifier makes: DRIVER_VERIFIER_DETECTED_VIOLATION with the code of the
// documentation.
[[noreturn]] void VerifierViolation(ULONG_PTR code, ULONG_PTR p2, ULONG_PTR p3, ULONG_PTR p4);
// The routine's highest IRQL; code 0xE5 above it.
inline void CheckIrqlAtMost(PKTHREAD thread, KIRQL highest) {
  if (__builtin_expect(thread->state.irql > highest, false))
    VerifierViolation(0xE5, thread->state.irql, 0, 0);
}

}  // namespace ring3::ke
