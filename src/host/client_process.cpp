// SPDX-License-Identifier: MIT
#include "host/client_process.h"

#include <ddi/ke.h>
#include <ntstatus.h>

#include <cstring>

#include <fmt/format.h>

#include "host/patience.h"
#include "ke/apc.h"
#include "ke/bugcheck_text.h"
#include "ke/room.h"
#include "mm/address_space.h"
#include "ob/object.h"
#include "os/clock.h"
#include "os/futex.h"
#include "os/thread.h"
#include "ps/process.h"
#include "rtl/unicode_text.h"

namespace ring3::host {
namespace {

using transport::Message;
using transport::MessageKind;

constexpr size_t kMostThreads = 4096;
constexpr int64_t kSecond = 1'000'000'000;
// How often threads that are to leave are pushed again, and when to say that one does not.
constexpr int64_t kPushInterval = kSecond / 1000;
constexpr int64_t kStuckTime = 5 * kSecond;

constexpr char kMayNotInspect[] =
    ": Linux does not let the host into its memory. It is set-user-ID or of another user, or\n"
    "    /proc/sys/kernel/yama/ptrace_scope forbids it";
constexpr char kDriverRefuses[] = ": a driver refuses it";
constexpr char kDoesNotRead[] = "it does not read what the host sends";

// The texts behind a Hello, zero-terminated.
std::vector<std::string> TextsOf(const std::vector<char>& hello) {
  std::vector<std::string> texts;
  for (size_t at = sizeof(Message); at < hello.size();) {
    const char* const text = hello.data() + at;
    texts.emplace_back(text, strnlen(text, hello.size() - at));
    at += texts.back().size() + 1;
  }
  return texts;
}

}  // namespace

void ClientProcess::Refuse(NTSTATUS status, const char* why) {
  Message message;
  message.kind = MessageKind::kRefused;
  message.status = status;
  const std::string name = ke::StatusName(status);
  const std::string text =
      fmt::format("{:#010x}{}{}{}", static_cast<unsigned>(status), name.empty() ? "" : " ", name, why);
  std::vector<char> bytes(sizeof(message));
  std::memcpy(bytes.data(), &message, sizeof(message));
  bytes.insert(bytes.end(), text.begin(), text.end());
  (void)socket_.TrySend(bytes.data(), bytes.size());
}

bool ClientProcess::Begin(const std::vector<char>& hello) {
  std::lock_guard<std::mutex> beginning(beginning_);
  const os::PeerIdentity peer = socket_.Peer();
  const std::vector<std::string> texts = TextsOf(hello);
  image_path_ = texts.empty() ? "" : texts[0];
  const std::u16string image = ps::ImagePathOf(image_path_);
  const std::u16string command_line = texts.size() < 2 ? u"" : rtl::Utf16FromUtf8(texts[1]);
  const char* why = "";
  auto make = [&]() -> Result<PEPROCESS> {
    // It hung up at once, and was run down before this thread ran.
    if (is_ending()) return STATUS_PROCESS_IS_TERMINATING;
    const Status opened = peer_.Open(peer.process_id);
    if (opened.status() == STATUS_ACCESS_DENIED) why = kMayNotInspect;
    RING3_TRY(opened);
    // Its number may be another's by now, if somebody else holds the socket.
    if (socket_.PeerHasEnded()) return STATUS_PROCESS_IS_TERMINATING;
    ps::ProcessOptions options;
    options.image_path = image;
    options.command_line = command_line;
    options.identity = &peer.identity;
    options.remote = this;
    options.user_code = this;
    RING3_TRY_ASSIGN(options.space, mm::AddressSpace::CreateForClient(peer_, *this));
    Result<PEPROCESS> created = ps::CreateUserProcess(std::move(options));
    if (!created.ok() && created.status() == STATUS_ACCESS_DENIED) why = kDriverRefuses;
    return created;
  };
  Result<PEPROCESS> made = make();
  if (!made.ok()) {
    Refuse(made.status(), why);
    return false;
  }
  process_ = *made;
  executive_id_.store(reinterpret_cast<uint64_t>(process_->unique_process_id), std::memory_order_release);
  begun_.store(true, std::memory_order_release);
  Message welcome;
  welcome.kind = MessageKind::kWelcome;
  return socket_.TrySend(&welcome, sizeof(welcome)) == os::Sent::kDone;
}

bool ClientProcess::OnMessage(const std::vector<char>& bytes) {
  if (bytes.size() < sizeof(Message) || !begun_.load(std::memory_order_acquire)) return false;
  Message message;
  std::memcpy(&message, bytes.data(), sizeof(message));
  switch (message.kind) {
    case MessageKind::kNewThread:
      OnNewThread(message);
      return true;
    case MessageKind::kNoChannel:
      OnNoChannel(message);
      return true;
    case MessageKind::kAnswer: {
      std::lock_guard<std::mutex> guard(mutex_);
      auto found = waiters_.find(message.sequence);
      if (found == waiters_.end()) return true;  // it took too long
      found->second->answer = message.answer;
      found->second->done.store(1, std::memory_order_release);
      os::FutexWakeAll(found->second->done);
      return true;
    }
    case MessageKind::kExit:
      exit_status_.store(message.status, std::memory_order_relaxed);
      return false;
    default:
      return false;
  }
}

PETHREAD ClientProcess::TakeTicket(uint64_t ticket) {
  std::lock_guard<std::mutex> guard(mutex_);
  auto found = tickets_.find(ticket);
  if (found == tickets_.end()) return nullptr;
  const PETHREAD thread = found->second;
  tickets_.erase(found);
  return thread;
}

void ClientProcess::OnNewThread(const Message& message) {
  const Status made = MakeThread(message);
  if (made.ok()) return;
  Message refusal;
  refusal.kind = MessageKind::kThread;
  refusal.sequence = message.sequence;
  refusal.status = made.status();
  (void)socket_.TrySend(&refusal, sizeof(refusal));
}

// The application could not take the channel: its thread does not come.
void ClientProcess::OnNoChannel(const Message& message) {
  std::lock_guard<std::mutex> guard(mutex_);
  for (const auto& thread : threads_) {
    if (thread->sequence() == message.sequence) thread->Close();
  }
}

Status ClientProcess::MakeThread(const Message& message) {
  PETHREAD adopted = nullptr;
  if (message.ticket != 0) {
    adopted = TakeTicket(message.ticket);
    if (adopted == nullptr) return STATUS_INVALID_CID;
  }
  auto make = [&]() -> Status {
    os::SharedRegion region = os::SharedRegion::Create("ring3-channel", transport::Channel::kByteCount);
    if (!region.valid()) return STATUS_INSUFFICIENT_RESOURCES;
    // The thread may be at its end, and the region with it, before this routine is.
    const os::Descriptor descriptor = region.TakeDescriptor();
    auto thread = std::make_unique<ClientThread>(*this, std::move(region), adopted, message);
    ClientThread* const body = thread.get();
    {
      std::lock_guard<std::mutex> guard(mutex_);
      if (is_ending() || threads_.size() >= kMostThreads) return STATUS_INSUFFICIENT_RESOURCES;
      // Not before: a process that is ending may be run down already.
      mm::SpaceOf(process_).RegisterStack(message.stack_low, message.stack_high);
      threads_.push_back(std::move(thread));
      if (!os_threads_.Start("ring3-client", [body] { body->Run(); })) {
        threads_.pop_back();
        mm::SpaceOf(process_).ForgetStack(message.stack_low);
        return STATUS_INSUFFICIENT_RESOURCES;
      }
    }
    Message answer;
    answer.kind = MessageKind::kThread;
    answer.sequence = message.sequence;
    const int number = descriptor.get();
    if (socket_.TrySend(&answer, sizeof(answer), &number, 1) == os::Sent::kNoRoom) Kill(kDoesNotRead);
    return STATUS_SUCCESS;
  };
  const Status made = make();
  if (!made.ok() && adopted != nullptr) Abandon(message.ticket, adopted, made.status());
  return made;
}

// Drivers are told of its end: not by the reception. Without a thread for that, by the rundown.
void ClientProcess::Abandon(uint64_t ticket, PETHREAD thread, NTSTATUS status) {
  const bool is_aside = os_threads_.Start("ring3-abandon", [thread, status] {
    ps::AbandonUserThread(thread, status);
    ps::DetachThread(STATUS_SUCCESS);
  });
  if (is_aside) return;
  std::lock_guard<std::mutex> guard(mutex_);
  tickets_[ticket] = thread;
}

void ClientProcess::ThreadEnded(ClientThread* thread) {
  mm::SpaceOf(process_).ForgetStack(thread->stack_low());
  std::unique_ptr<ClientThread> gone;
  {
    std::lock_guard<std::mutex> guard(mutex_);
    for (auto& entry : threads_) {
      if (entry.get() != thread) continue;
      gone = std::move(entry);
      entry = std::move(threads_.back());
      threads_.pop_back();
      break;
    }
  }
  gone.reset();
  thread_ends_.fetch_add(1, std::memory_order_release);
  os::FutexWakeAll(thread_ends_);
}

size_t ClientProcess::thread_count() {
  std::lock_guard<std::mutex> guard(mutex_);
  return threads_.size();
}

void ClientProcess::Kill(const char* why) {
  // One that has hung up may be another program by now (exec).
  if (is_ending() || killed_.exchange(true)) return;
  fmt::print(stderr, "ring3: {} (Linux process {}) was killed: {}\n", image_path_, peer_.process_id(), why);
  // Linux gets to that when it does; nothing is to succeed meanwhile.
  peer_.SetGone();
  peer_.Kill();
}

bool ClientProcess::End(Memory memory) {
  if (ending_.exchange(true, std::memory_order_acq_rel)) return false;
  if (memory == Memory::kGone) peer_.SetGone();
  std::lock_guard<std::mutex> guard(mutex_);
  for (const auto& thread : threads_) thread->Close();
  for (const auto& [sequence, waiter] : waiters_) {
    waiter->answer.status = STATUS_PROCESS_IS_TERMINATING;
    waiter->done.store(1, std::memory_order_release);
    os::FutexWakeAll(waiter->done);
  }
  return true;
}

// Requests are cancelled, waits ended, suspended threads resumed; a thread that begins meanwhile is pushed
// next time.
void ClientProcess::PushThreadsOut() {
  std::vector<PETHREAD> threads;
  {
    std::lock_guard<std::mutex> guard(mutex_);
    for (const auto& thread : threads_) {
      thread->Close();
      if (const PETHREAD object = thread->ReferenceThread(); object != nullptr) threads.push_back(object);
    }
  }
  for (PETHREAD thread : threads) {
    ke::AbortUserWaits(&thread->tcb);
    (void)ps::ResumeUserThread(thread);
    ob::Dereference(thread);
  }
  if (const auto cancel = ps::CurrentRundownHooks().process_exit; cancel != nullptr) cancel(process_);
}

void ClientProcess::RunDown() {
  std::lock_guard<std::mutex> begun(beginning_);
  if (process_ == nullptr) return;
  const int64_t start = os::MonotonicNs();
  bool told = false;
  for (;;) {
    const uint32_t ends = thread_ends_.load(std::memory_order_acquire);
    if (thread_count() == 0) break;
    PushThreadsOut();
    os::FutexWait(thread_ends_, ends, os::MonotonicNs() + kPushInterval);
    if (!told && os::MonotonicNs() - start > kStuckTime) {
      told = true;
      fmt::print(stderr,
                 "ring3: {} (Linux process {}) has ended, but a driver does not complete its requests: it "
                 "has to, when "
                 "they are cancelled\n",
                 image_path_, peer_.process_id());
    }
  }
  os_threads_.JoinAll();
  std::map<uint64_t, PETHREAD> never_came;
  {
    std::lock_guard<std::mutex> guard(mutex_);
    never_came.swap(tickets_);
  }
  for (const auto& [ticket, thread] : never_came)
    ps::AbandonUserThread(thread, STATUS_PROCESS_IS_TERMINATING);
  ps::ExitProcess(process_, exit_status_.load(std::memory_order_relaxed));
  ob::Dereference(process_);
  process_ = nullptr;
}

// Until it has come, or should have.
void ClientProcess::AwaitAnswer(Waiter& waiter) {
  Patience patience(peer_);
  while (waiter.done.load(std::memory_order_acquire) == 0) {
    const bool timed_out = os::FutexWait(waiter.done, 0, patience.next_look()) == os::FutexResult::kTimedOut;
    if (timed_out && patience.IsOver()) return;
  }
}

// Asks the application's library over the socket, and waits.
Result<uint64_t> ClientProcess::Ask(Message message, const int* descriptor) {
  const ke::OutOfRoomScope outside(ke::CurrentThread());
  Waiter waiter;
  {
    std::lock_guard<std::mutex> guard(mutex_);
    if (is_ending()) return STATUS_PROCESS_IS_TERMINATING;
    message.sequence = next_sequence_++;
    waiters_[message.sequence] = &waiter;
  }
  const os::Sent sent = socket_.TrySend(&message, sizeof(message), descriptor, descriptor == nullptr ? 0 : 1);
  if (sent == os::Sent::kDone) AwaitAnswer(waiter);
  {
    std::lock_guard<std::mutex> guard(mutex_);
    waiters_.erase(message.sequence);
  }
  if (waiter.done.load(std::memory_order_acquire) == 0) {
    if (sent == os::Sent::kNoRoom) Kill(kDoesNotRead);
    if (sent == os::Sent::kDone) Kill(kDoesNotAnswer);
    return STATUS_PROCESS_IS_TERMINATING;
  }
  if (waiter.answer.status < 0) return NTSTATUS{waiter.answer.status};
  return waiter.answer.result;
}

Result<uint64_t> ClientProcess::Carry(const ProcessOrder& order) {
  ClientThread* const current = ClientThread::Current();
  if (current != nullptr && &current->process() == this) return current->Carry(order);
  Message message;
  message.kind = MessageKind::kOrder;
  message.order = order;
  return Ask(message, nullptr);
}

Status ClientProcess::SendObject(uint32_t object, int descriptor) {
  Message message;
  message.kind = MessageKind::kObject;
  message.object = object;
  const Result<uint64_t> sent = Ask(message, &descriptor);
  return sent.ok() ? STATUS_SUCCESS : sent.status();
}

Status ClientProcess::StartThread(PETHREAD thread, const ps::UserThreadOptions& options) {
  ProcessOrder order{};
  order.kind = OrderKind::kStartThread;
  order.routine = reinterpret_cast<uint64_t>(options.start_routine);
  order.argument = reinterpret_cast<uint64_t>(options.argument);
  order.byte_count = options.stack_byte_count;
  {
    std::lock_guard<std::mutex> guard(mutex_);
    order.ticket = next_ticket_++;
    tickets_[order.ticket] = thread;
  }
  const Result<uint64_t> started = Carry(order);
  if (started.ok()) return STATUS_SUCCESS;
  if (TakeTicket(order.ticket) != nullptr) ps::AbandonUserThread(thread, started.status());
  return started.status();
}

void ClientProcess::RunApc(PKNORMAL_ROUTINE routine, PVOID context, PVOID argument1, PVOID argument2) {
  ClientThread* const current = ClientThread::Current();
  if (current == nullptr) return;
  ProcessOrder order{};
  order.kind = OrderKind::kRunUserApc;
  order.routine = reinterpret_cast<uint64_t>(routine);
  order.argument = reinterpret_cast<uint64_t>(context);
  order.argument2 = reinterpret_cast<uint64_t>(argument1);
  order.argument3 = reinterpret_cast<uint64_t>(argument2);
  // Where the process ends meanwhile, the thread finds out at once.
  (void)current->Carry(order).ok();
}

}  // namespace ring3::host
