// SPDX-License-Identifier: MIT
#include "transport/connection.h"

#include <winternl.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <ntstatus.h>
#include <string>
#include <vector>

#include "os/adoption.h"
#include "os/fault_handler.h"
#include "os/futex.h"
#include "os/interposed_threads.h"
#include "os/memory.h"
#include "os/shared_region.h"
#include "os/process.h"
#include "os/thread.h"
#include "transport/memory_calls.h"
#include "transport/service_order.h"

namespace ring3::transport {

std::atomic<Connection*> Connection::g_connection{nullptr};

namespace {

constexpr int kNoExecutiveExitStatus = 125;
constexpr int kBugCheckExitStatus = 86;
// The executive's addresses are nobody's here: what the application passes from there is wrong on both sides.
constexpr uintptr_t kSystemBase = 0x7b00'0000'0000;
constexpr size_t kSystemBytes = size_t{3} << 40;

[[noreturn]] void Die(const std::string& what) {
  std::fprintf(stderr, "ring3: %s\n", what.c_str());
  std::_Exit(kNoExecutiveExitStatus);
}

std::string SocketPathOf(const char* host) {
  if (std::strchr(host, '/') != nullptr) return host;
  std::string error;
  const std::string directory = os::RuntimeDirectory(&error);
  if (directory.empty()) Die(error);
  return directory + "/" + host + ".sock";
}

OrderAnswer Answer(Status status, uint64_t result = 0) {
  return {status.status(), result};
}

// Of an order after which nobody is held off any more.
OrderAnswer EndHold(const ProcessOrder& order, Status status) {
  os::EndHold(order.address, order.byte_count);
  return Answer(status);
}

// A thread that the host ordered, until it has its channel.
struct NewOrderedThread {
  ProcessOrder order;
  std::atomic<uint32_t> done{0};  // a futex
  NTSTATUS status = STATUS_SUCCESS;
};
using SharedStart = std::shared_ptr<NewOrderedThread>;

void StartThread(void* opaque) {
  const std::unique_ptr<SharedStart> start(static_cast<SharedStart*>(opaque));
  const ProcessOrder order = (*start)->order;
  const Status linked = LinkOrderedThread(order);
  (*start)->status = linked;
  (*start)->done.store(1, std::memory_order_release);
  os::FutexWakeAll((*start)->done);
  start->reset();
  if (linked.ok()) RunOrderedThread(order);
}

}  // namespace

void Connection::Connect(const char* host) {
  const std::string path = SocketPathOf(host);
  std::string error;
  os::LocalSocket socket = os::LocalSocket::Connect(path, &error);
  if (!socket.valid()) {
    Die("no host answers at " + path + " (" + error +
        ")\n    Start one with\n    ring3 host [--name N] [--driver FILE.sys]...\n    or run the program "
        "with\n"
        "    ring3 run [--driver FILE.sys]... -- PROGRAM [ARGUMENTS]");
  }
  // free() is not to unmap, nor realloc() to move, what a driver may have locked.
  os::KeepFreedMemoryMapped();
  os::InstallFaultHandlers();
  os::PrepareForAdoption();
  // Best effort: where the range is in use, the host refuses addresses in it all the same.
  (void)os::ReserveAt(kSystemBase, kSystemBytes).ok();
  auto* const connection = new Connection(std::move(socket));
  const char* const private_host = std::getenv(kPrivateHostVariable);
  connection->host_is_private_ = private_host != nullptr && path == private_host;
  connection->Greet();
  g_connection.store(connection, std::memory_order_release);
  // A forked child is no process of the host's. The connection object stays behind: a mutex of it may be held
  // for good.
  os::CallAroundForks(os::BeginFork, os::EndFork, [] {
    ForgetMemoryCalls();
    g_connection.store(nullptr, std::memory_order_release);
    ForgetChannel();
  });
  Result<os::Thread> reader = os::Thread::Create("ring3-reader", Read, connection);
  if (!reader.ok()) Die("no thread can be made");
  reader->Detach();
}

void Connection::Greet() {
  os::LetInspect(socket_.Peer().process_id);
  Message hello;
  hello.kind = MessageKind::kHello;
  std::vector<char> text(sizeof(hello));
  std::memcpy(text.data(), &hello, sizeof(hello));
  auto append = [&text](const std::string& part) {
    constexpr size_t kMost = 16 * 1024;
    text.insert(text.end(), part.begin(), part.begin() + static_cast<long>(std::min(part.size(), kMost)));
    text.push_back('\0');
  };
  append(os::ExecutablePath());
  std::string command_line;
  for (const std::string& argument : os::CommandLine())
    command_line += (command_line.empty() ? "" : " ") + argument;
  append(command_line);
  std::vector<char> reply;
  std::vector<os::Descriptor> descriptors;
  if (!socket_.Send(text.data(), text.size()) ||
      socket_.Receive(&reply, &descriptors) != os::Received::kMessage || reply.size() < sizeof(Message)) {
    Die("the host went away");
  }
  Message welcome;
  std::memcpy(&welcome, reply.data(), sizeof(welcome));
  if (welcome.version != kProtocolVersion) Die("the host is of another version than libring3-win32.so");
  if (welcome.kind != MessageKind::kWelcome) {
    Die("the host does not take this program: status " +
        std::string(reply.begin() + sizeof(welcome), reply.end()));
  }
}

OrderAnswer Connection::Start(const ProcessOrder& order, Carrier carrier) {
  auto start = std::make_shared<NewOrderedThread>();
  start->order = order;
  auto argument = std::make_unique<SharedStart>(start);
  Result<os::Thread> started =
      os::Thread::Create("ring3-client", StartThread, argument.get(), order.byte_count);
  if (!started.ok()) return Answer(started.status());
  argument.release();
  started->Detach();
  if (carrier == Carrier::kReader) return {};
  while (start->done.load(std::memory_order_acquire) == 0) os::FutexWait(start->done, 0);
  return Answer(start->status);
}

Result<os::SharedRegion> Connection::NewThread(uint64_t ticket) {
  Waiter waiter;
  waiter.status = STATUS_DEVICE_NOT_CONNECTED;
  Message message;
  message.kind = MessageKind::kNewThread;
  message.ticket = ticket;
  const os::StackRange stack = os::StackOfThisThread();
  message.stack_low = stack.low;
  message.stack_high = stack.high;
  // What holds writers off, and faults in general, wants its stacks in every thread.
  os::PrepareThreadForFaults();
  {
    std::lock_guard<std::mutex> guard(mutex_);
    if (host_gone_.load(std::memory_order_relaxed) != 0) return STATUS_DEVICE_NOT_CONNECTED;
    message.sequence = next_sequence_++;
    waiters_[message.sequence] = &waiter;
  }
  if (socket_.Send(&message, sizeof(message))) {
    while (waiter.done.load(std::memory_order_acquire) == 0) os::FutexWait(waiter.done, 0);
  }
  {
    std::lock_guard<std::mutex> guard(mutex_);
    waiters_.erase(message.sequence);
  }
  if (waiter.status < 0) return NTSTATUS{waiter.status};
  os::SharedRegion region = os::SharedRegion::Map(waiter.descriptor, Channel::kByteCount);
  if (region.valid()) return region;
  // Linux drops a descriptor that the process has no number for.
  message.kind = MessageKind::kNoChannel;
  (void)socket_.Send(&message, sizeof(message));
  return STATUS_INSUFFICIENT_RESOURCES;
}

void Connection::Enter(Channel* channel) {
  std::lock_guard<std::mutex> guard(mutex_);
  channels_.insert(channel);
  if (host_gone_.load(std::memory_order_relaxed) != 0) Close(*channel);
}

void Connection::Leave(Channel* channel) {
  std::lock_guard<std::mutex> guard(mutex_);
  channels_.erase(channel);
}

// The thread that reads the socket. Signals are the application's own threads' business.
void Connection::Read(void* self) {
  auto* const connection = static_cast<Connection*>(self);
  os::BlockApplicationSignals();
  os::PrepareThreadForFaults();
  std::vector<char> buffer;
  std::vector<os::Descriptor> descriptors;
  for (;;) {
    descriptors.clear();
    const os::Received received = connection->socket_.Receive(&buffer, &descriptors);
    if (received == os::Received::kEnd) break;
    if (received != os::Received::kMessage || buffer.size() < sizeof(Message)) continue;
    Message message;
    std::memcpy(&message, buffer.data(), sizeof(message));
    connection->OnMessage(message, descriptors);
  }
  connection->OnHostGone();
}

void Connection::OnMessage(const Message& message, std::vector<os::Descriptor>& descriptors) {
  switch (message.kind) {
    case MessageKind::kThread:
      return OnThread(message, descriptors);
    case MessageKind::kObject:
      return OnObject(message, descriptors);
    case MessageKind::kOrder: {
      Message answer;
      answer.kind = MessageKind::kAnswer;
      answer.sequence = message.sequence;
      answer.answer = CarryOut(message.order, Carrier::kReader);
      ReleaseToServices();
      (void)socket_.Send(&answer, sizeof(answer));
      return;
    }
    default:
      return;
  }
}

void Connection::OnThread(const Message& message, std::vector<os::Descriptor>& descriptors) {
  std::lock_guard<std::mutex> guard(mutex_);
  auto found = waiters_.find(message.sequence);
  if (found == waiters_.end()) return;
  Waiter& waiter = *found->second;
  waiter.status = message.status;
  if (!descriptors.empty()) waiter.descriptor = std::move(descriptors.front());
  waiter.done.store(1, std::memory_order_release);
  os::FutexWakeAll(waiter.done);
}

void Connection::OnObject(const Message& message, std::vector<os::Descriptor>& descriptors) {
  Message answer;
  answer.kind = MessageKind::kAnswer;
  answer.sequence = message.sequence;
  if (descriptors.empty()) {
    answer.answer.status = STATUS_INSUFFICIENT_RESOURCES;
  } else {
    if (message.object == kOwnMemoryObject) WatchMemoryCalls(descriptors.front());
    std::lock_guard<std::mutex> guard(mutex_);
    objects_[message.object] = std::move(descriptors.front());
  }
  (void)socket_.Send(&answer, sizeof(answer));
}

// Every service from now on, and every one under way, fails.
void Connection::OnHostGone() {
  // First: this thread could be the next to want held memory.
  os::EndAllHolds();
  {
    std::lock_guard<std::mutex> guard(mutex_);
    host_gone_.store(1, std::memory_order_release);
    for (Channel* channel : channels_) Close(*channel);
    for (const auto& [sequence, waiter] : waiters_) {
      waiter->status = STATUS_DEVICE_NOT_CONNECTED;
      waiter->done.store(1, std::memory_order_release);
      os::FutexWakeAll(waiter->done);
    }
  }
  os::FutexWakeAll(host_gone_);
  if (is_ending() || !host_is_private_) return;
  // The machine that this program ran on has stopped, and so does the program.
  std::fflush(stdout);
  std::_Exit(kBugCheckExitStatus);
}

OrderAnswer Connection::CarryOut(const ProcessOrder& order, Carrier carrier) {
  const auto protection = static_cast<os::Protection>(order.protection & 7);
  switch (order.kind) {
    case OrderKind::kReserveAt:
      return Answer(os::ReserveAt(order.address, order.byte_count));
    case OrderKind::kReserveAnywhere: {
      const uintptr_t address = os::ReserveAnywhere(order.byte_count, order.alignment, order.limit,
                                                    static_cast<os::Placement>(order.placement & 1));
      return Answer(address == 0 ? STATUS_NO_MEMORY : STATUS_SUCCESS, address);
    }
    case OrderKind::kRelease:
      os::Release(order.address, order.byte_count);
      return {};
    case OrderKind::kDecommit:
      return EndHold(order, os::Decommit(order.address, order.byte_count));
    case OrderKind::kProtect:
      return EndHold(order, os::Protect(order.address, order.byte_count, protection));
    case OrderKind::kCloseObject: {
      std::lock_guard<std::mutex> guard(mutex_);
      objects_.erase(order.object);
      return {};
    }
    case OrderKind::kMapObject:
    case OrderKind::kAdopt:
      return Map(order);
    case OrderKind::kHold:
      return Answer(os::HoldAccess(order.address, order.byte_count));
    case OrderKind::kStartThread:
      return Start(order, carrier);
    case OrderKind::kRunUserApc:
      break;  // the channel's, never here
  }
  return Answer(STATUS_NOT_SUPPORTED);
}

OrderAnswer Connection::Map(const ProcessOrder& order) {
  const auto protection = static_cast<os::Protection>(order.protection & 7);
  int object = -1;
  {
    std::lock_guard<std::mutex> guard(mutex_);
    if (auto found = objects_.find(order.object); found != objects_.end()) object = found->second.get();
  }
  if (object < 0) return Answer(STATUS_INVALID_HANDLE);
  if (order.kind == OrderKind::kMapObject) {
    return EndHold(order, os::MapObject(order.address, order.byte_count, object, order.offset, protection));
  }
  if (os::IsInAnyStack(order.address, order.byte_count)) return Answer(STATUS_NOT_SUPPORTED);
  return Answer(os::AdoptMemory(order.address, order.byte_count, object, order.offset, protection));
}

void Connection::End(int exit_status) {
  if (ending_.exchange(true)) return;
  Message message;
  message.kind = MessageKind::kExit;
  message.status = exit_status;
  if (!socket_.Send(&message, sizeof(message))) return;
  while (host_gone_.load(std::memory_order_acquire) == 0) os::FutexWait(host_gone_, 0);
}

}  // namespace ring3::transport
