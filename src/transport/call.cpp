// SPDX-License-Identifier: MIT
// One service call, from the application's thread to its host thread and back.
#include <winternl.h>

#include <cstring>
#include <ntstatus.h>
#include <utility>

#include "nt/services.h"
#include "os/thread.h"
#include "transport/connection.h"
#include "transport/inline_arguments.h"
#include "transport/service_index.h"
#include "transport/service_order.h"

namespace ring3::transport {
namespace {

// A thread's end of its channel.
struct ThreadLink {
  os::SharedRegion region;
  SideState turns;

  Channel* channel() const { return static_cast<Channel*>(region.data()); }
};
// Null: it has none yet, or none any more. What runs late at a thread's end may call services, too.
thread_local constinit ThreadLink* t_link = nullptr;

void DropLink() {
  ThreadLink* const link = std::exchange(t_link, nullptr);
  if (Connection* connection = Connection::Get()) connection->Leave(link->channel());
  delete link;
}

// So that the host thread ends, too.
constinit os::AtThreadEnd g_thread_end([](void*) {
  if (t_link == nullptr) return;
  Close(*t_link->channel());
  DropLink();
});

Result<ThreadLink*> LinkOfThread(uint64_t ticket) {
  if (t_link != nullptr) return t_link;
  Connection* const connection = Connection::Get();
  if (connection == nullptr) return STATUS_DEVICE_NOT_CONNECTED;
  RING3_TRY_ASSIGN(os::SharedRegion region, connection->NewThread(ticket));
  t_link = new ThreadLink{std::move(region), {}};
  connection->Enter(t_link->channel());
  g_thread_end.Arm(t_link);
  return t_link;
}

// The calling thread is in a service and not in an APC of that: whoever calls now is a signal handler that
// has interrupted it.
thread_local constinit bool t_in_service = false;

class ServiceScope {
 public:
  explicit ServiceScope(bool in_service) : outer_(std::exchange(t_in_service, in_service)) {}
  ~ServiceScope() { t_in_service = outer_; }
  ServiceScope(const ServiceScope&) = delete;
  ServiceScope& operator=(const ServiceScope&) = delete;

 private:
  const bool outer_;
};

// What other threads find when the process ends, or the host has gone.
int32_t NotConnected(NTSTATUS status = STATUS_DEVICE_NOT_CONNECTED) {
  Connection* const connection = Connection::Get();
  if (connection != nullptr && connection->is_ending()) os::ParkForEver();
  return status;
}

OrderAnswer CarryOut(Channel& channel, InlineArguments& inlined, bool* copied) {
  OrderMessage message;
  std::memcpy(&message, &channel.order, sizeof(message));
  if (message.order.kind == OrderKind::kRunUserApc) {
    // Application code is to see the results of the service that it interrupts; and its own services use the
    // channel.
    *copied = inlined.CopyOut(channel, message.written) && *copied;
    AcquireFromServices();
    const ServiceScope application(false);
    using Routine = void (*)(uint64_t, uint64_t, uint64_t);
    reinterpret_cast<Routine>(message.order.routine)(message.order.argument, message.order.argument2,
                                                     message.order.argument3);
    return {};
  }
  return Connection::Get()->CarryOut(message.order, Connection::Carrier::kApplication);
}

}  // namespace

int32_t CallHost(uint32_t service, const uint64_t* arguments, int count) {
  if (t_in_service) return STATUS_DEVICE_BUSY;
  const ServiceScope scope(true);
  const Result<ThreadLink*> linked = LinkOfThread(0);
  if (!linked.ok()) return NotConnected(linked.status());
  ThreadLink* const link = linked.value();
  Channel* const channel = link->channel();
  Request& request = channel->request;
  request.service = service;
  for (int i = 0; i < count; ++i) request.arguments[i] = arguments[i];
  InlineArguments inlined(*channel, service, arguments);
  bool copied = true;
  ReleaseToServices();
  if (!HandOver(*channel, Side::kClient, kRequest, link->turns)) return NotConnected();
  for (;;) {
    switch (AwaitTurn(*channel, Side::kClient, link->turns)) {
      case kReply: {
        AcquireFromServices();
        const int32_t status = channel->reply.status;
        const uint32_t flags = channel->reply.flags;
        copied = inlined.CopyOut(*channel, channel->reply.written) && copied;
        if ((flags & kThreadEnds) != 0) {
          DropLink();
          t_in_service = false;
          os::ExitCurrentThread();
        }
        return copied || status < 0 ? status : STATUS_ACCESS_VIOLATION;
      }
      case kOrder: {
        const OrderAnswer answer = CarryOut(*channel, inlined, &copied);
        channel->answer = answer;
        if (!HandOver(*channel, Side::kClient, kAnswer, link->turns)) return NotConnected();
        break;
      }
      default:
        return NotConnected();
    }
  }
}

void ForgetChannel() {
  if (t_link != nullptr) DropLink();
}

Status LinkOrderedThread(const ProcessOrder& order) {
  const Result<ThreadLink*> linked = LinkOfThread(order.ticket);
  return linked.ok() ? STATUS_SUCCESS : linked.status();
}

void RunOrderedThread(const ProcessOrder& order) {
  if (CallHost(kServiceThreadStarts, nullptr, 0) < 0) return;
  using Routine = unsigned (*)(void*);
  const unsigned status = reinterpret_cast<Routine>(order.routine)(reinterpret_cast<void*>(order.argument));
  const uint64_t this_thread_and_status[] = {static_cast<uint64_t>(-2), status};
  CallHost(kNtTerminateThread, this_thread_and_status, 2);
}

}  // namespace ring3::transport
