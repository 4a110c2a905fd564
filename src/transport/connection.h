// SPDX-License-Identifier: MIT
#pragma once

#include <atomic>
#include <cstdint>
#include <map>
#include <mutex>
#include <set>

#include "os/local_socket.h"
#include "os/shared_region.h"
#include "transport/channel.h"
#include "transport/messages.h"

namespace ring3::transport {

// This process' connection to its host: the socket, a thread of the library that reads it, and the memory
// objects that the host has sent. One per process, made before main.
class Connection {
 public:
  // Connects to what RING3_HOST names. Where that fails the reason is printed and the process ends.
  static void Connect(const char* host);
  // Null: embedded, or not a client that was started right.
  static Connection* Get() { return g_connection.load(std::memory_order_acquire); }

  // The channel of a new thread: `ticket` of the order that made it, or zero. STATUS_DEVICE_NOT_CONNECTED,
  // STATUS_INSUFFICIENT_RESOURCES.
  Result<os::SharedRegion> NewThread(uint64_t ticket);

  // Carries an order out, on the calling thread: one of the application's, or the reader, for whom nobody
  // else reads.
  enum class Carrier : uint8_t { kApplication, kReader };
  OrderAnswer CarryOut(const ProcessOrder& order, Carrier carrier);

  // The process is about to end: its other threads stop at the door; returns when the host has run it down or
  // is gone.
  void End(int exit_status);
  bool is_ending() const { return ending_.load(std::memory_order_acquire); }

  // Every channel of the process, to be closed when the host is gone. A thread enters its own.
  void Enter(Channel* channel);
  void Leave(Channel* channel);

 private:
  struct Waiter {
    std::atomic<uint32_t> done{0};
    int32_t status = 0;
    os::Descriptor descriptor;
  };

  explicit Connection(os::LocalSocket socket) : socket_(std::move(socket)) {}
  void Greet();
  static void Read(void* self);
  void OnMessage(const Message& message, std::vector<os::Descriptor>& descriptors);
  void OnThread(const Message& message, std::vector<os::Descriptor>& descriptors);
  void OnObject(const Message& message, std::vector<os::Descriptor>& descriptors);
  void OnHostGone();
  OrderAnswer Map(const ProcessOrder& order);
  OrderAnswer Start(const ProcessOrder& order, Carrier carrier);

  static std::atomic<Connection*> g_connection;

  const os::LocalSocket socket_;
  bool host_is_private_ = false;
  std::atomic<bool> ending_{false};
  std::atomic<uint32_t> host_gone_{0};  // a futex
  std::mutex mutex_;
  uint64_t next_sequence_ = 1;
  std::map<uint64_t, Waiter*> waiters_;
  std::map<uint32_t, os::Descriptor> objects_;
  std::set<Channel*> channels_;
};

// A service call of the calling thread, over its channel. STATUS_DEVICE_NOT_CONNECTED when the host is gone.
int32_t CallHost(uint32_t service, const uint64_t* arguments, int count);

// The calling thread has no channel any more, and gets none: the process is a forked child.
void ForgetChannel();

// Gives the calling thread, which the host ordered, its channel.
Status LinkOrderedThread(const ProcessOrder& order);
// The body of a thread that the host ordered, after that.
void RunOrderedThread(const ProcessOrder& order);

}  // namespace ring3::transport
