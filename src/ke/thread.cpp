// SPDX-License-Identifier: MIT
#include <bugcodes.h>

#include <new>

#include "base/fault_injection.h"
#include "ke/apc.h"
#include "ke/dispatcher.h"
#include "ke/executive_thread.h"
#include "ke/list.h"
#include "ke/processor.h"
#include "ke/room.h"
#include "os/fault_handler.h"
#include "os/thread.h"

namespace ring3::ke {

thread_local constinit PKTHREAD t_current_thread = nullptr;

namespace {

PKTHREAD CreateOwnThread() {
  auto* thread = new (std::nothrow) _KTHREAD();
  if (thread != nullptr) InitializeThread(thread, nullptr);
  return thread;
}

void DestroyOwnThread(PKTHREAD thread) {
  delete thread;
}

constexpr ThreadSource kOwnSource{CreateOwnThread, DestroyOwnThread};
std::atomic<const ThreadSource*> g_source{&kOwnSource};

// Linux threads that became executive threads by themselves, so that Shutdown can take that back.
constinit SpinLock g_adopted_lock{LockRank::kKernelCallbacks};
LIST_ENTRY g_adopted RING3_GUARDED_BY(g_adopted_lock) = {&g_adopted, &g_adopted};

// Whether the thread had adopted itself; it has no longer.
bool TakeAdoption(PKTHREAD thread) {
  SpinLockGuard guard(g_adopted_lock);
  if (thread == nullptr || thread->adopted_slot == nullptr) return false;
  Remove(thread->adopted_list_entry);
  thread->adopted_slot = nullptr;
  return true;
}

// Lives as long as its Linux thread.
struct AdoptionEnd {
  bool armed = false;
  ~AdoptionEnd() {
    PKTHREAD thread = t_current_thread;
    // No longer: the executive went down first, or the thread was attached to a process since.
    if (!armed || !TakeAdoption(thread)) return;
    DetachCurrentOsThread();
    DestroyThreadOfSource(thread);
  }
};
thread_local AdoptionEnd t_adoption_end;

}  // namespace

void SetThreadSource(const ThreadSource* source) {
  // Threads of the source so far go back to it.
  ReleaseAdoptedThreads();
  g_source.store(source == nullptr ? &kOwnSource : source, std::memory_order_release);
}

PKTHREAD CreateThreadFromSource() {
  return g_source.load(std::memory_order_acquire)->create();
}
void DestroyThreadOfSource(PKTHREAD thread) {
  g_source.load(std::memory_order_acquire)->destroy(thread);
}

PKTHREAD AdoptCurrentOsThread() {
  PKTHREAD thread = ShouldFail("adopt thread") ? nullptr : CreateThreadFromSource();
  if (thread == nullptr) KeBugCheckEx(NO_PAGES_AVAILABLE, 0, 0, 0, 0);
  AttachCurrentOsThread(thread);
  // Whatever runs in it now called the executive directly: a driver's own thread, a unit test.
  thread->kernel_depth = 1;
  t_adoption_end.armed = true;
  SpinLockGuard guard(g_adopted_lock);
  thread->adopted_slot = &t_current_thread;
  InsertTail(g_adopted, thread->adopted_list_entry);
  return thread;
}

void ReleaseAdoptedThreads() {
  for (;;) {
    PKTHREAD thread;
    {
      SpinLockGuard guard(g_adopted_lock);
      if (IsEmpty(g_adopted)) return;
      thread = CONTAINING_RECORD(RemoveHead(g_adopted), _KTHREAD, adopted_list_entry);
      *thread->adopted_slot = nullptr;
      thread->adopted_slot = nullptr;
    }
    ReleaseRoomSlot(thread);
    DestroyThreadOfSource(thread);
  }
}

void InitializeThread(PKTHREAD thread, PKPROCESS process) {
  new (thread) _KTHREAD();
  InitializeHeader(thread->Header, kThreadObject, sizeof(_KTHREAD), 0);
  for (LIST_ENTRY& head : thread->apc_state.ApcListHead) InitializeList(head);
  InitializeList(thread->mutant_list);
  thread->process = process;
  thread->own_process = process;
  thread->apc_state.Process = process;
  thread->affinity = thread->user_affinity = ActiveProcessorMask();
  if (process != nullptr) thread->priority = thread->base_priority = process->base_priority;
}

void InitializeProcess(PKPROCESS process, mm::AddressSpace* address_space, ULONG_PTR id) {
  new (process) _KPROCESS();
  InitializeHeader(process->Header, kProcessObject, sizeof(_KPROCESS), 0);
  process->address_space = address_space;
  process->id = id;
  process->affinity = ActiveProcessorMask();
}

void AttachCurrentOsThread(PKTHREAD thread) {
  thread->os_thread_id = static_cast<int>(os::CurrentTid());
  t_current_thread = thread;
  UpdateClientOf(thread);
  os::PrepareThreadForFaults();
}

void DetachCurrentOsThread() {
  PKTHREAD thread = t_current_thread;
  TakeAdoption(thread);
  RundownApcs(thread);
  ReleaseRoomSlot(thread);
  {
    DispatcherScope scope;
    for (LIST_ENTRY* entry = thread->mutant_list.Flink; entry != &thread->mutant_list; entry = entry->Flink) {
      auto* mutant = CONTAINING_RECORD(entry, KMUTANT, MutantListEntry);
      if (mutant->ApcDisable != 0) {
        KeBugCheckEx(THREAD_TERMINATE_HELD_MUTEX, reinterpret_cast<ULONG_PTR>(thread),
                     reinterpret_cast<ULONG_PTR>(mutant), 0, 0);
      }
    }
    AbandonMutantsLocked(thread, scope.wakes);
    StoreSignalState(thread->Header, 1);
    SignalObjectLocked(thread->Header, scope.wakes);
  }
  t_current_thread = nullptr;
}

void SignalThreadEnd(PKTHREAD thread) {
  DispatcherScope scope;
  StoreSignalState(thread->Header, 1);
  SignalObjectLocked(thread->Header, scope.wakes);
}

void SignalProcessEnd(PKPROCESS process) {
  DispatcherScope scope;
  StoreSignalState(process->Header, 1);
  SignalObjectLocked(process->Header, scope.wakes);
}

}  // namespace ring3::ke
