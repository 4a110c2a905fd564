// SPDX-License-Identifier: MIT
#pragma once

#include <ddi/ke_ntifs.h>

#include <atomic>
#include <cstdint>

#include "ke/owned_counter.h"

struct _KTHREAD;
struct _KPROCESS;
struct _TEB;

namespace ring3 {

class LeakReport;

namespace mm {
class AddressSpace;
}
namespace ps {
struct ThreadExtension;
}
namespace io {
struct ThreadIrps;
}
namespace ex {
struct ThreadLocks;
}
namespace rtl {
struct SehFrame;
}

namespace ke {

struct DriverCall;
struct RoomSlot;

// The user-mode code of a process that is another Linux process: src/host implements it.
class UserCode {
 public:
  // Runs a user APC's normal routine in the application, in the calling thread's counterpart there. The
  // application may call services meanwhile. Returns when the routine has, or the process ends.
  virtual void RunApc(PKNORMAL_ROUTINE routine, PVOID context, PVOID argument1, PVOID argument2) = 0;

 protected:
  ~UserCode() = default;
};

// What a callback into a driver must leave as it found it; the driver gate compares all of it at once.
struct alignas(8) ExecutionState {
  KIRQL irql = PASSIVE_LEVEL;
  // Fast mutexes held (ex keeps the count).
  UCHAR fast_mutex_count = 0;
  // Spin locks held, of any kind.
  USHORT spin_lock_count = 0;
  // Zero or negative: how often normal kernel APCs (critical region) and all APCs (guarded region) are
  // disabled.
  SHORT kernel_apc_disable = 0;
  SHORT special_apc_disable = 0;
};
static_assert(sizeof(ExecutionState) == 8);

// The values of DISPATCHER_HEADER::Type.
enum ObjectType : UCHAR {
  kEventNotificationObject = 0,
  kEventSynchronizationObject = 1,
  kMutantObject = 2,
  kProcessObject = 3,
  kQueueObject = 4,
  kSemaphoreObject = 5,
  kThreadObject = 6,
  kGateObject = 7,
  kTimerNotificationObject = 8,
  kTimerSynchronizationObject = 9,
};

// The values of a thread's wait word, a futex.
enum WaitWord : uint32_t {
  kWaitNone = 0,      // runs
  kWaitSpinning = 1,  // waits, not yet in the kernel
  kWaitSleeping = 2,  // waits in the kernel: a waker has to make the call
  kWaitDone = 3,      // the wait is over; wait_status says how
};

}  // namespace ke
}  // namespace ring3

// The kernel's part of a process, at the head of ps' _EPROCESS.
struct _KPROCESS {
  DISPATCHER_HEADER Header;  // signalled when the process has ended
  ring3::mm::AddressSpace* address_space = nullptr;
  // Null: user code runs in this Linux process.
  ring3::ke::UserCode* user_code = nullptr;
  ULONG_PTR id = 0;               // what PsGetProcessId returns
  char image_file_name[15] = {};  // what PsGetProcessImageFileName returns: up to 14 characters
  KAFFINITY affinity = 0;
  KPRIORITY base_priority = 8;
  // An application in a process of its own (ke/room.h). Set before its first thread is attached.
  bool is_client = false;
};

// The kernel's part of a thread, at the head of ps' _ETHREAD. Only the thread itself writes it, except where
// said.
struct _KTHREAD {
  DISPATCHER_HEADER Header;  // signalled when the thread has ended

  ring3::ke::ExecutionState state;
  KPROCESSOR_MODE previous_mode = KernelMode;
  bool is_system_thread = false;
  bool is_executing_dpc = false;
  // The next wait follows a KeSetEvent (or the like) with Wait TRUE, which left the IRQL raised.
  bool wait_next = false;
  KIRQL wait_irql = PASSIVE_LEVEL;
  // Number of the simulated processor this thread is (a DPC thread); -1: whichever Linux says.
  int processor = -1;
  // How many times the thread is in the executive. Zero: in application code, where a fault is the
  // application's own.
  ring3::ke::OwnedCounter kernel_depth = 0;
  // The innermost call into a driver, null when none is under way.
  ring3::ke::DriverCall* driver_call = nullptr;
  // `process` where that is a client, else null (ke/room.h).
  _KPROCESS* client = nullptr;
  bool in_room = false;
  ring3::ke::RoomSlot* room_slot = nullptr;
  // The innermost __try of kernel-mode code (rtl).
  ring3::rtl::SehFrame* seh_frame = nullptr;

  // The process it runs in now, and the one it belongs to.
  _KPROCESS* process = nullptr;
  _KPROCESS* own_process = nullptr;
  // The APC queues stay the thread's own while it is attached to another process.
  KAPC_STATE apc_state = {};
  CCHAR apc_state_index = OriginalApcEnvironment;

  // Written under the dispatcher lock, by any thread.
  std::atomic<bool> kernel_apc_pending{false};
  std::atomic<bool> user_apc_pending{false};
  bool alerted[MaximumMode] = {};
  bool wait_alertable = false;
  KPROCESSOR_MODE wait_mode = KernelMode;
  WAIT_TYPE wait_type = WaitAny;
  KWAIT_REASON wait_reason = Executive;
  NTSTATUS wait_status = 0;
  ULONG wait_count = 0;
  PKWAIT_BLOCK wait_blocks = nullptr;  // null: not waiting
  std::atomic<uint32_t> wait_word{ring3::ke::kWaitNone};
  _KTHREAD* wake_next = nullptr;  // of the threads whose wait a waker has ended and not announced yet
  KWAIT_BLOCK own_wait_blocks[THREAD_WAIT_OBJECTS] = {};
  LIST_ENTRY mutant_list = {};
  LIST_ENTRY adopted_list_entry = {};  // of the Linux threads that became executive threads by themselves
  PKTHREAD* adopted_slot = nullptr;

  // What KeQueryPriorityThread and the affinity routines report.
  KPRIORITY priority = 8;
  KPRIORITY base_priority = 8;
  KAFFINITY affinity = 0;
  KAFFINITY user_affinity = 0;
  UCHAR ideal_processor = 0;
  PKINTERRUPT interrupt = nullptr;  // whose service routine runs

  // Linux thread id, and processor time used so far when it has ended.
  int os_thread_id = 0;

  // Owned by the components above.
  _TEB* teb = nullptr;
  ring3::ps::ThreadExtension* ps = nullptr;
  ring3::io::ThreadIrps* io = nullptr;
  ring3::ex::ThreadLocks* ex = nullptr;
  void* win32_thread = nullptr;
  void* context_slot[4] = {};
};

namespace ring3::ke {

// The one pointer that finds everything about the running thread.
extern thread_local constinit PKTHREAD t_current_thread __attribute__((tls_model("initial-exec")));

// Makes the calling Linux thread one of the executive's, through the thread source; bug check where there is
// none.
PKTHREAD AdoptCurrentOsThread();

// The running thread, never null: a Linux thread that the executive has not seen becomes a system thread.
inline PKTHREAD CurrentThread() {
  PKTHREAD thread = t_current_thread;
  if (__builtin_expect(thread == nullptr, false)) return AdoptCurrentOsThread();
  return thread;
}
inline PKTHREAD CurrentThreadOrNull() {
  return t_current_thread;
}

// Where thread blocks come from: ps gives whole _ETHREADs. Before ps is up (and in ke's own tests) ke makes
// its own. `create` returns an initialised thread of the system process that is not attached to any Linux
// thread yet; `destroy` takes it back after it has been detached.
struct ThreadSource {
  PKTHREAD (*create)();
  void (*destroy)(PKTHREAD thread);
};
// Null: ke's own. Before ps goes down it calls StopExecutiveThreads, then this with null.
void SetThreadSource(const ThreadSource* source);

// Initialises the ke part of a zeroed or fresh thread that will belong to `process` (null for none yet).
void InitializeThread(PKTHREAD thread, PKPROCESS process);
void InitializeProcess(PKPROCESS process, mm::AddressSpace* address_space, ULONG_PTR id);

// Makes `thread` the calling Linux thread's. It stays so until DetachCurrentOsThread.
void AttachCurrentOsThread(PKTHREAD thread);

// Ends the thread's life in the executive: abandons its mutants (THREAD_TERMINATE_HELD_MUTEX where a kernel
// mutex is held), runs down its APCs, signals it, and clears the thread pointer. The memory stays the
// caller's. IRQL PASSIVE_LEVEL, no driver call under way.
void DetachCurrentOsThread();

// Signals the object of a thread that was never attached to a Linux thread, or of a process: its waiters go
// on.
void SignalThreadEnd(PKTHREAD thread);
void SignalProcessEnd(PKPROCESS process);

// Ends the timer and DPC threads, reporting queued timers and DPCs. ps calls it before it takes the thread
// source back; Shutdown calls it when nobody did. Nothing may be queued afterwards until the next boot.
void StopExecutiveThreads(LeakReport& report);

}  // namespace ring3::ke
