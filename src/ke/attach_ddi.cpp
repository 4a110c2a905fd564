// SPDX-License-Identifier: MIT
#include <bugcodes.h>
#include <ddi/ke_ntifs.h>

#include "ke/dispatcher.h"
#include "ke/list.h"
#include "ke/room.h"

// Running in another process' address space for a while.
namespace {

using namespace ring3::ke;

ULONG_PTR Address(const void* p) {
  return reinterpret_cast<ULONG_PTR>(p);
}

[[noreturn]] void InvalidAttach(PKTHREAD thread, PKPROCESS process) {
  KeBugCheckEx(INVALID_PROCESS_ATTACH_ATTEMPT, Address(process), Address(thread->process),
               static_cast<ULONG_PTR>(thread->apc_state_index), thread->is_executing_dpc ? 1 : 0);
}

void SwitchTo(PKTHREAD thread, PKPROCESS process) {
  // Driver code changes rooms with the process.
  if (thread->in_room) LeaveRoom(thread);
  thread->process = process;
  UpdateClientOf(thread);
  thread->apc_state.Process = process;
  thread->apc_state_index =
      static_cast<CCHAR>(process == thread->own_process ? OriginalApcEnvironment : AttachedApcEnvironment);
  if (thread->client != nullptr && thread->driver_call != nullptr) EnterRoom(thread);
}

}  // namespace

// Attaches the thread to the process; ApcState remembers where it was and nests. IRQL <= APC_LEVEL and not in
// a DPC, else INVALID_PROCESS_ATTACH_ATTEMPT. (nf-ntifs-kestackattachprocess)
VOID KeStackAttachProcess(PRKPROCESS Process, PRKAPC_STATE ApcState) {
  PKTHREAD thread = CurrentThread();
  if (thread->state.irql > APC_LEVEL || thread->is_executing_dpc) InvalidAttach(thread, Process);
  *ApcState = {};
  for (LIST_ENTRY& head : ApcState->ApcListHead) InitializeList(head);
  ApcState->Process = thread->process;
  SwitchTo(thread, Process);
}

// Goes back to where ApcState says. IRQL <= APC_LEVEL, else INVALID_PROCESS_DETACH_ATTEMPT.
// (nf-ntifs-keunstackdetachprocess)
VOID KeUnstackDetachProcess(PRKAPC_STATE ApcState) {
  PKTHREAD thread = CurrentThread();
  if (thread->state.irql > APC_LEVEL) KeBugCheckEx(INVALID_PROCESS_DETACH_ATTEMPT, 0, 0, 0, 0);
  SwitchTo(thread, ApcState->Process);
}

// The form that does not nest: attached to a third process already is INVALID_PROCESS_ATTACH_ATTEMPT.
// (nf-ntifs-keattachprocess)
VOID KeAttachProcess(PRKPROCESS Process) {
  PKTHREAD thread = CurrentThread();
  if (thread->process == Process) return;
  if (thread->apc_state_index != OriginalApcEnvironment || thread->is_executing_dpc ||
      thread->state.irql > APC_LEVEL) {
    InvalidAttach(thread, Process);
  }
  SwitchTo(thread, Process);
}

// Back to the thread's own process. (nf-ntifs-kedetachprocess)
VOID KeDetachProcess() {
  PKTHREAD thread = CurrentThread();
  SwitchTo(thread, thread->own_process);
}
