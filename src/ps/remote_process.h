// SPDX-License-Identifier: MIT
#pragma once

#include "ps/user_thread.h"

namespace ring3::ps {

// What ps needs of an application that is a Linux process of its own: src/host implements it.
class RemoteProcess {
 public:
  // Has the application make a Linux thread that runs `options.start_routine`. A host thread becomes
  // `thread`, waits until it is resumed, and lets the application's thread go. Takes over a reference to
  // `thread`, which has ended where this fails. Blocks for the application. STATUS_INSUFFICIENT_RESOURCES,
  // STATUS_PROCESS_IS_TERMINATING.
  virtual Status StartThread(PETHREAD thread, const UserThreadOptions& options) = 0;

 protected:
  ~RemoteProcess() = default;
};

}  // namespace ring3::ps
