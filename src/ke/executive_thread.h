// SPDX-License-Identifier: MIT
#pragma once

#include "base/result.h"
#include "ke/kthread.h"
#include "os/thread.h"

namespace ring3::ke {

PKTHREAD CreateThreadFromSource();
void DestroyThreadOfSource(PKTHREAD thread);
// At shutdown, when nothing of the executive runs any more: forgets the threads that adopted themselves.
void ReleaseAdoptedThreads();

// A thread of the kernel's own, for timers and DPCs, with a KTHREAD of the thread source.
class ExecutiveThread {
 public:
  using Body = void (*)(PKTHREAD thread, void* argument);

  // Blocks only for the creation. STATUS_INSUFFICIENT_RESOURCES.
  Status Start(const char* name, Body body, void* argument);
  bool started() const { return thread_.joinable(); }
  // Blocks until the body has returned.
  void Join() { thread_.Join(); }

 private:
  static void Run(void* self);

  os::Thread thread_;
  Body body_ = nullptr;
  void* argument_ = nullptr;
  PKTHREAD block_ = nullptr;
};

}  // namespace ring3::ke
