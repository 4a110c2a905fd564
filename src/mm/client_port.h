// SPDX-License-Identifier: MIT
#pragma once

#include "base/process_order.h"
#include "base/result.h"

namespace ring3::mm {

// The way to an application's process for mm: src/host implements it over the channel.
//
// Where the calling thread serves a request of that process, the order goes to the thread that waits for the
// answer; else to a thread that the application's library keeps for this. Both block until the process has
// answered, at most some seconds: no lock may be held, no page of the process be held off by the host.
// STATUS_PROCESS_IS_TERMINATING when the process is gone or does not answer.
class ClientPort {
 public:
  virtual Result<uint64_t> Carry(const ProcessOrder& order) = 0;
  // Sends a descriptor under a number that the process does not use yet, and has it opened there (kOpenObject
  // included). The caller keeps its own descriptor.
  virtual Status SendObject(uint32_t object, int descriptor) = 0;

 protected:
  ~ClientPort() = default;
};

}  // namespace ring3::mm
