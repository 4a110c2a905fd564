// SPDX-License-Identifier: MIT
#pragma once

#include "ke/kthread.h"
#include "ob/handle_table.h"

namespace ring3::ob {

// What every process begins with: ke's part, then its handles. ps' _EPROCESS derives from nothing but has
// these first.
struct ProcessHead {
  _KPROCESS pcb;
  HandleTable* handles;
};

inline ProcessHead* HeadOf(PEPROCESS process) {
  return reinterpret_cast<ProcessHead*>(process);
}
inline PEPROCESS CurrentProcess() {
  return reinterpret_cast<PEPROCESS>(ke::CurrentThread()->process);
}

// Told by ps, so that NtCurrentProcess() and NtCurrentThread() can be referenced and handles be opened and
// duplicated.
struct ProcessTypes {
  ObjectType* process = nullptr;
  ObjectType* thread = nullptr;
};
extern ProcessTypes g_process_types;

// The end of a process: every handle goes, protected ones too.
void CloseAllHandles(PEPROCESS process);

}  // namespace ring3::ob
