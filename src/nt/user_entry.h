// SPDX-License-Identifier: MIT
#pragma once

#include <atomic>

#include "ke/service_scope.h"
#include "ps/process.h"

namespace ring3::nt {

// The process that runs embedded in this one: Linux threads that the executive has not seen become its
// threads when they call their first service. Null: none.
void SetEmbeddedProcess(PEPROCESS process);
void AttachEmbeddedThread();

// The embedded process ends: from now on its threads stop at the door, except the one that calls this;
// returns when no other is in the executive.
void EndEmbeddedProcess();

inline std::atomic<bool> g_process_ends{false};
[[noreturn]] void StopThread();

// Held for the length of a system service: the thread is one of an application, and the previous mode is
// UserMode. A thread of a process that ends does not come back from it.
class UserEntry {
 public:
  UserEntry() : scope_(Prepare()) {
    // After the scope said that the thread is inside: who ends the process either sees that, or is seen here.
    std::atomic_signal_fence(std::memory_order_seq_cst);
    if (__builtin_expect(g_process_ends.load(std::memory_order_acquire), false)) StopAtDoor();
  }

 private:
  struct Door {
    // Runs after the scope has been left.
    ~Door() { StopIfProcessEnds(); }
  };
  static void StopIfProcessEnds() {
    if (__builtin_expect(g_process_ends.load(std::memory_order_relaxed), false)) StopThread();
  }
  [[noreturn]] void StopAtDoor() {
    --scope_.thread()->kernel_depth;
    StopThread();
  }
  static KPROCESSOR_MODE Prepare() {
    if (__builtin_expect(ke::CurrentThreadOrNull() == nullptr, false)) AttachEmbeddedThread();
    return UserMode;
  }

  Door door_;
  ke::ServiceScope scope_;
};

}  // namespace ring3::nt
