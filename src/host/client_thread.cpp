// SPDX-License-Identifier: MIT
#include "host/client_thread.h"

#include <ntstatus.h>

#include <cstring>
#include <utility>

#include "host/client_process.h"
#include "host/patience.h"
#include "host/service_dispatch.h"
#include "ke/room.h"
#include "mm/address_space.h"
#include "mm/locked_pages.h"
#include "mm/user_window.h"
#include "ob/object.h"
#include "ps/user_thread.h"

namespace ring3::host {
namespace {

using transport::Channel;
using transport::HandOver;
using transport::Request;
using transport::Side;

thread_local constinit ClientThread* t_current = nullptr;

// User APCs that call services that deliver user APCs: deeper than any program means.
constexpr int kMostDepth = 64;

}  // namespace

ClientThread::ClientThread(ClientProcess& process, os::SharedRegion region, PETHREAD adopted,
                           const transport::Message& request)
    : process_(process),
      region_(std::move(region)),
      adopted_(adopted),
      sequence_(request.sequence),
      stack_low_(request.stack_low) {
  turns_.is_over = &process.ending();
}

ClientThread* ClientThread::Current() {
  return t_current;
}

bool ClientThread::Begin() {
  if (adopted_ != nullptr) {
    ps::AdoptThread(adopted_);
  } else if (!ps::AttachThread(process_.process()).ok()) {
    return false;
  }
  SetThread(ps::CurrentThread());
  t_current = this;
  return true;
}

void ClientThread::SetThread(PETHREAD thread) {
  std::lock_guard<std::mutex> guard(thread_mutex_);
  thread_ = thread;
}

PETHREAD ClientThread::ReferenceThread() {
  std::lock_guard<std::mutex> guard(thread_mutex_);
  return thread_ != nullptr && ob::ReferenceUnlessDeleted(thread_) ? thread_ : nullptr;
}

void ClientThread::Run() {
  if (Begin()) {
    while (!process_.is_ending() && AwaitTurn(channel(), Side::kHost, turns_) == transport::kRequest &&
           Serve()) {
    }
    SetThread(nullptr);
    const PETHREAD self = ps::CurrentThread();
    // What drivers do when they hear of the end has its orders go over the socket: nobody waits at the
    // channel any more.
    t_current = nullptr;
    ps::DetachThread(self->ends ? self->end_status : STATUS_SUCCESS);
  }
  // The answer to the service that ended the thread has yet to be read.
  if (!ended_) Close();
  process_.ThreadEnded(this);
}

NTSTATUS ClientThread::Dispatch(const Request& request) {
  if (request.service == transport::kServiceThreadStarts) {
    ps::WaitUntilResumed();
    return process_.is_ending() ? STATUS_PROCESS_IS_TERMINATING : STATUS_SUCCESS;
  }
  if (request.service == transport::kServiceIsLocked) {
    return mm::AnyLockedIn(process_.process(), request.arguments[0], request.arguments[1]) ? STATUS_WAS_LOCKED
                                                                                           : STATUS_SUCCESS;
  }
  return DispatchService(request.service, request.arguments);
}

bool ClientThread::Serve() {
  Request request;
  std::memcpy(&request, &channel().request, sizeof(request));
  InlineWindow window(mm::SpaceOf(process_.process()), channel(), request);
  InlineWindow* const outer_window = std::exchange(window_, &window);
  mm::InlineMemory* const outer_memory = std::exchange(mm::t_inline_memory, &window);
  ++depth_;
  const NTSTATUS status = depth_ > kMostDepth ? STATUS_STACK_OVERFLOW : Dispatch(request);
  --depth_;
  mm::t_inline_memory = outer_memory;
  window_ = outer_window;
  if (ended_) return false;
  mm::SettleUserWindow(process_.process());
  ended_ = ps::CurrentThread()->ends;
  transport::Reply& reply = channel().reply;
  reply.status = status;
  reply.flags = ended_ ? transport::kThreadEnds : 0;
  window.GiveWritten(reply.written);
  return HandOver(channel(), Side::kHost, transport::kReply, turns_) && !ended_;
}

Result<uint64_t> ClientThread::Carry(const ProcessOrder& order) {
  const ke::OutOfRoomScope outside(ke::CurrentThread());
  if (ended_ || process_.is_ending()) return STATUS_PROCESS_IS_TERMINATING;
  transport::OrderMessage& message = channel().order;
  message.order = order;
  if (order.kind == OrderKind::kRunUserApc) {
    mm::SettleUserWindow(process_.process());
    window_->TakeWritten(message.written);
  }
  if (!HandOver(channel(), Side::kHost, transport::kOrder, turns_)) return STATUS_PROCESS_IS_TERMINATING;
  Patience patience(process_.peer());
  for (;;) {
    // Application code takes the time that it takes.
    const int64_t deadline = order.kind == OrderKind::kRunUserApc ? os::kNoDeadline : patience.next_look();
    switch (AwaitTurn(channel(), Side::kHost, turns_, deadline)) {
      case transport::kAnswer: {
        OrderAnswer answer;
        std::memcpy(&answer, &channel().answer, sizeof(answer));
        if (answer.status < 0) return NTSTATUS{answer.status};
        return answer.result;
      }
      case transport::kRequest:
        // Application code runs in a user APC only.
        if (order.kind == OrderKind::kRunUserApc && !process_.is_ending()) {
          if (Serve()) break;
          // The answer to a service that ended the thread has yet to be read.
          if (std::exchange(ended_, true)) return STATUS_PROCESS_IS_TERMINATING;
        }
        Close();
        return STATUS_PROCESS_IS_TERMINATING;
      case transport::kClosed:
        return STATUS_PROCESS_IS_TERMINATING;
      default:
        if (!patience.IsOver()) break;
        process_.Kill(kDoesNotAnswer);
        Close();
        return STATUS_PROCESS_IS_TERMINATING;
    }
  }
}

}  // namespace ring3::host
