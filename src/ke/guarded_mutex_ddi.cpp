// SPDX-License-Identifier: MIT
#include <bugcodes.h>
#include <ddi/ex.h>
#include <ddi/ke.h>

#include <atomic>

#include "ke/dispatcher.h"
#include "ke/irql.h"

// Guarded mutexes: as fast mutexes, but the owner is in a guarded region instead of at APC_LEVEL.
namespace {

using namespace ring3::ke;

ULONG_PTR Address(const void* p) {
  return reinterpret_cast<ULONG_PTR>(p);
}

// Count: 1 free, 0 owned, below zero owned and waited for. (Count is volatile in the structure.)
std::atomic_ref<LONG> CountOf(PKGUARDED_MUTEX mutex) {
  return std::atomic_ref(const_cast<LONG&>(mutex->Count));
}

void Acquire(PKTHREAD thread, PKGUARDED_MUTEX mutex) {
  if (CountOf(mutex).fetch_sub(1, std::memory_order_acquire) != 1) {
    if (__atomic_load_n(&mutex->Owner, __ATOMIC_RELAXED) == thread) {
      // Windows waits for ever.
      KeBugCheckEx(SPIN_LOCK_ALREADY_OWNED, Address(mutex), Address(thread), 0, 0);
    }
    __atomic_fetch_add(&mutex->Contention, 1, __ATOMIC_RELAXED);
    KeWaitForSingleObject(&mutex->Event, WrGuardedMutex, KernelMode, FALSE, nullptr);
  }
  __atomic_store_n(&mutex->Owner, thread, __ATOMIC_RELAXED);
  ++thread->state.fast_mutex_count;
}

void Release(PKTHREAD thread, PKGUARDED_MUTEX mutex) {
  if (__atomic_load_n(&mutex->Owner, __ATOMIC_RELAXED) != thread) {
    KeBugCheckEx(SPIN_LOCK_NOT_OWNED, Address(mutex), Address(mutex->Owner), Address(thread), 0);
  }
  __atomic_store_n(&mutex->Owner, nullptr, __ATOMIC_RELAXED);
  --thread->state.fast_mutex_count;
  // Each waiter is handed the mutex by one setting of the event.
  if (CountOf(mutex).fetch_add(1, std::memory_order_release) < 0) KeSetEvent(&mutex->Event, 0, FALSE);
}

void CheckUnsafe(PKTHREAD thread, PKGUARDED_MUTEX mutex, ULONG_PTR violation) {
  if (thread->state.irql < APC_LEVEL && thread->state.special_apc_disable == 0) {
    VerifierViolation(violation, thread->state.irql, static_cast<ULONG_PTR>(thread->state.kernel_apc_disable),
                      Address(mutex));
  }
}

}  // namespace

// Free. IRQL <= APC_LEVEL. (nf-wdm-keinitializeguardedmutex)
VOID KeInitializeGuardedMutex(PKGUARDED_MUTEX Mutex) {
  CountOf(Mutex).store(1, std::memory_order_relaxed);
  Mutex->Owner = nullptr;
  Mutex->Contention = 0;
  KeInitializeEvent(&Mutex->Event, SynchronizationEvent, FALSE);
  Mutex->OldIrql = 0;
}

// Enters a guarded region and acquires. IRQL <= APC_LEVEL. (nf-wdm-keacquireguardedmutex)
VOID KeAcquireGuardedMutex(PKGUARDED_MUTEX Mutex) {
  PKTHREAD thread = CurrentThread();
  if (thread->state.irql > APC_LEVEL) VerifierViolation(0x33, thread->state.irql, Address(Mutex), 0);
  --thread->state.special_apc_disable;
  Acquire(thread, Mutex);
}

// Releases and leaves the guarded region. IRQL <= APC_LEVEL. (nf-wdm-kereleaseguardedmutex)
VOID KeReleaseGuardedMutex(PKGUARDED_MUTEX Mutex) {
  PKTHREAD thread = CurrentThread();
  CheckIrqlAtMost(thread, APC_LEVEL);
  Release(thread, Mutex);
  KeLeaveGuardedRegion();
}

// For a caller with all APCs disabled already, else DRIVER_VERIFIER_DETECTED_VIOLATION 0x39. IRQL <=
// APC_LEVEL. (nf-wdm-keacquireguardedmutexunsafe)
VOID KeAcquireGuardedMutexUnsafe(PKGUARDED_MUTEX Mutex) {
  PKTHREAD thread = CurrentThread();
  CheckIrqlAtMost(thread, APC_LEVEL);
  CheckUnsafe(thread, Mutex, 0x39);
  Acquire(thread, Mutex);
}

// DRIVER_VERIFIER_DETECTED_VIOLATION 0x3A where APCs are not disabled. (nf-wdm-kereleaseguardedmutexunsafe)
VOID KeReleaseGuardedMutexUnsafe(PKGUARDED_MUTEX Mutex) {
  PKTHREAD thread = CurrentThread();
  CheckIrqlAtMost(thread, APC_LEVEL);
  CheckUnsafe(thread, Mutex, 0x3A);
  Release(thread, Mutex);
}

// TRUE when acquired; a guarded region then. IRQL <= APC_LEVEL. (nf-wdm-ketrytoacquireguardedmutex)
BOOLEAN KeTryToAcquireGuardedMutex(PKGUARDED_MUTEX Mutex) {
  PKTHREAD thread = CurrentThread();
  CheckIrqlAtMost(thread, APC_LEVEL);
  LONG expected = 1;
  if (!CountOf(Mutex).compare_exchange_strong(expected, 0, std::memory_order_acquire)) return FALSE;
  --thread->state.special_apc_disable;
  __atomic_store_n(&Mutex->Owner, thread, __ATOMIC_RELAXED);
  ++thread->state.fast_mutex_count;
  return TRUE;
}
