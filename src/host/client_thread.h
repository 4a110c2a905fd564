// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <mutex>

#include "base/process_order.h"
#include "base/result.h"
#include "host/inline_window.h"
#include "os/shared_region.h"
#include "ps/thread.h"
#include "transport/channel.h"
#include "transport/messages.h"

namespace ring3::host {

class ClientProcess;

// A thread of an application, as the host has it: the channel, and the Linux thread of the host that serves
// it and is its ETHREAD. Everything in the channel comes from the application.
class ClientThread {
 public:
  // `adopted`: the thread object that was made for it, with a reference to give away; null: a thread by
  // itself. `request` is the application's kNewThread.
  ClientThread(ClientProcess& process, os::SharedRegion region, PETHREAD adopted,
               const transport::Message& request);
  ClientThread(const ClientThread&) = delete;
  ClientThread& operator=(const ClientThread&) = delete;

  // The body of the Linux thread: serves until the application's thread ends.
  void Run();

  // The one that the calling Linux thread is; null: none.
  static ClientThread* Current();

  // The application's number for it.
  uint64_t sequence() const { return sequence_; }
  uintptr_t stack_low() const { return stack_low_; }
  ClientProcess& process() const { return process_; }
  // Sends an order to the application's thread, which waits for an answer of ours. The calling thread is this
  // one's.
  Result<uint64_t> Carry(const ProcessOrder& order);
  // Ends the waits of both sides for good; any thread.
  void Close() { transport::Close(channel()); }
  // Of the executive, for those who end waits: referenced; null before it begins and when it has ended. Any
  // thread.
  PETHREAD ReferenceThread();

 private:
  transport::Channel& channel() const { return *static_cast<transport::Channel*>(region_.data()); }
  bool Begin();
  void SetThread(PETHREAD thread);
  // False: the thread is at its end.
  bool Serve();
  NTSTATUS Dispatch(const transport::Request& request);

  ClientProcess& process_;
  const os::SharedRegion region_;
  const PETHREAD adopted_;
  const uint64_t sequence_;
  const uintptr_t stack_low_;
  std::mutex thread_mutex_;
  PETHREAD thread_ = nullptr;
  transport::SideState turns_;
  // The windows of the services under way, innermost last.
  InlineWindow* window_ = nullptr;
  int depth_ = 0;
  bool ended_ = false;
};

}  // namespace ring3::host
