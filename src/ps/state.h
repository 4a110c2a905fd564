// SPDX-License-Identifier: MIT
#pragma once

#include <map>

#include "base/leak_report.h"
#include "base/spin_lock.h"
#include "ps/thread.h"

namespace ring3::ps {

// All processes and threads, by id.
struct State {
  SpinLock lock{LockRank::kProcess};
  // Bodies of process and thread objects; an entry is no reference.
  std::map<ULONG_PTR, PEPROCESS> processes RING3_GUARDED_BY(lock);
  std::map<ULONG_PTR, PETHREAD> threads RING3_GUARDED_BY(lock);
  ULONG_PTR next_id RING3_GUARDED_BY(lock) = 4;
  RundownHooks hooks RING3_GUARDED_BY(lock);
  // Linux threads made for system threads that have not left our code yet.
  std::atomic<uint32_t> os_thread_count{0};
  // Counts boots: a Linux thread that outlives one must not touch the next.
  std::atomic<uint64_t> generation{0};
};
extern State g_state;

extern ob::ObjectType* g_process_type;
extern ob::ObjectType* g_thread_type;

Status CreateTypes();
// An initialised thread of `process`, in no Linux thread yet; one reference. It keeps its process.
Result<PETHREAD> CreateThreadObject(PEPROCESS process);
Result<PEPROCESS> CreateProcessObject(ob::HandleTable* handles, std::u16string_view image_path);

}  // namespace ring3::ps
