// SPDX-License-Identifier: MIT
// One service call, from the application's thread to its host thread and back.
#include <winternl.h>

#include <cstring>
#include <ntstatus.h>

#include "nt/services.h"
#include "os/thread.h"
#include "transport/connection.h"
#include "transport/inline_arguments.h"
#include "transport/service_index.h"
#include "transport/service_order.h"

namespace ring3::transport {
namespace {

// A thread's end of its channel. Closed when the thread ends, so that the host thread ends too.
struct ThreadLink {
  os::SharedRegion region;
  SideState turns;
  bool ended = false;

  Channel* channel() const { return static_cast<Channel*>(region.data()); }
  ~ThreadLink() {
    ended = true;
    if (!region.valid()) return;
    if (Connection* connection = Connection::Get()) connection->Leave(channel());
    Close(*channel());
  }
};
thread_local ThreadLink t_link;

Channel* ChannelOfThread(uint64_t ticket) {
  ThreadLink& link = t_link;
  if (link.region.valid()) return link.channel();
  Connection* const connection = Connection::Get();
  if (connection == nullptr || link.ended) return nullptr;
  link.region = connection->NewThread(ticket);
  if (!link.region.valid()) return nullptr;
  connection->Enter(link.channel());
  return link.channel();
}

// What other threads find when the process ends, or the host has gone.
int32_t NotConnected() {
  Connection* const connection = Connection::Get();
  if (connection != nullptr && connection->is_ending()) os::ParkForEver();
  return STATUS_DEVICE_NOT_CONNECTED;
}

OrderAnswer CarryOut(Channel& channel, InlineArguments& inlined, bool* copied) {
  OrderMessage message;
  std::memcpy(&message, &channel.order, sizeof(message));
  if (message.order.kind == OrderKind::kRunUserApc) {
    // Application code is to see the results of the service that it interrupts; and its own services use the
    // channel.
    *copied = inlined.CopyOut(channel, message.written) && *copied;
    AcquireFromServices();
    using Routine = void (*)(uint64_t, uint64_t, uint64_t);
    reinterpret_cast<Routine>(message.order.routine)(message.order.argument, message.order.argument2,
                                                     message.order.argument3);
    return {};
  }
  return Connection::Get()->CarryOut(message.order);
}

}  // namespace

int32_t CallHost(uint32_t service, const uint64_t* arguments, int count) {
  Channel* const channel = ChannelOfThread(0);
  if (channel == nullptr) return NotConnected();
  Request& request = channel->request;
  request.service = service;
  for (int i = 0; i < count; ++i) request.arguments[i] = arguments[i];
  InlineArguments inlined(*channel, service, arguments);
  bool copied = true;
  ReleaseToServices();
  if (!HandOver(*channel, Side::kClient, kRequest, t_link.turns)) return NotConnected();
  for (;;) {
    switch (AwaitTurn(*channel, Side::kClient, t_link.turns)) {
      case kReply: {
        AcquireFromServices();
        const int32_t status = channel->reply.status;
        const uint32_t flags = channel->reply.flags;
        copied = inlined.CopyOut(*channel, channel->reply.written) && copied;
        if ((flags & kThreadEnds) != 0) os::ExitCurrentThread();
        return copied || status < 0 ? status : STATUS_ACCESS_VIOLATION;
      }
      case kOrder: {
        const OrderAnswer answer = CarryOut(*channel, inlined, &copied);
        channel->answer = answer;
        if (!HandOver(*channel, Side::kClient, kAnswer, t_link.turns)) return NotConnected();
        break;
      }
      default:
        return NotConnected();
    }
  }
}

void ForgetChannel() {
  t_link.region = {};
  t_link.ended = true;
}

void RunOrderedThread(const ProcessOrder& order) {
  if (ChannelOfThread(order.ticket) == nullptr) return;
  if (CallHost(kServiceThreadStarts, nullptr, 0) < 0) return;
  using Routine = unsigned (*)(void*);
  const unsigned status = reinterpret_cast<Routine>(order.routine)(reinterpret_cast<void*>(order.argument));
  const uint64_t this_thread_and_status[] = {static_cast<uint64_t>(-2), status};
  CallHost(kNtTerminateThread, this_thread_and_status, 2);
}

}  // namespace ring3::transport
