// SPDX-License-Identifier: MIT
#pragma once

#include "ps/state.h"

namespace ring3::ps {

// Lends a Linux thread that has no thread block of its own one for a moment. Making or freeing a thread
// object takes the pool, which asks for the current thread: without this, that would make another thread
// object, and so on.
class BorrowedIdentity {
 public:
  BorrowedIdentity() : lent_(ke::CurrentThreadOrNull() == nullptr) {
    if (!lent_) return;
    ke::InitializeThread(&thread_, &g_system_process->head.pcb);
    ke::t_current_thread = &thread_;
  }
  ~BorrowedIdentity() {
    if (lent_) ke::t_current_thread = nullptr;
  }
  BorrowedIdentity(const BorrowedIdentity&) = delete;
  BorrowedIdentity& operator=(const BorrowedIdentity&) = delete;

 private:
  const bool lent_;
  _KTHREAD thread_;
};

}  // namespace ring3::ps
