// SPDX-License-Identifier: MIT
#pragma once

#include "base/process_order.h"
#include "base/result.h"

namespace ring3::mm {

// The way to an application's process for mm: src/host implements it over the channel.
//
// Where the calling thread serves a request of that process, the order goes to the thread that waits for the
// answer; else to a thread that the application's library keeps for this. Both block until the process has
// answered, the calling thread being in no room meanwhile (ke/room.h): no spin lock may be held. A process
// that has not answered an order after 10 s is killed. STATUS_PROCESS_IS_TERMINATING when the process is gone
// or does not answer.
class ClientPort {
 public:
  virtual Result<uint64_t> Carry(const ProcessOrder& order) = 0;
  // Sends a descriptor under a number that the process does not use yet. The caller keeps its own descriptor.
  virtual Status SendObject(uint32_t object, int descriptor) = 0;

 protected:
  ~ClientPort() = default;
};

}  // namespace ring3::mm
