// SPDX-License-Identifier: MIT
#pragma once

#include <atomic>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "host/client_thread.h"
#include "host/joined_threads.h"
#include "ke/kthread.h"
#include "mm/client_port.h"
#include "os/local_socket.h"
#include "os/peer_process.h"
#include "ps/remote_process.h"
#include "transport/messages.h"

namespace ring3::host {

// Others may wait for the same pages (Patience).
inline constexpr char kDoesNotAnswer[] = "it has not carried out an order of the host for 10 seconds";

// An application that is connected: its socket, its threads, and the process object that it is for the
// executive.
//
//   beginning ─► living ─► ending ─► ended
//     Begin       messages    End, a rundown thread     RunDown has returned; nothing of it is left
//
// The reception thread calls OnMessage and End and must not be kept waiting.
class ClientProcess final : public mm::ClientPort, public ps::RemoteProcess, public ke::UserCode {
 public:
  explicit ClientProcess(os::LocalSocket socket) : socket_(std::move(socket)) {}
  ClientProcess(const ClientProcess&) = delete;
  ClientProcess& operator=(const ClientProcess&) = delete;

  // Makes the process object and lets the application go on, or refuses it. `hello` is the first message.
  // Drivers are told; PASSIVE_LEVEL. False: refused.
  bool Begin(const std::vector<char>& hello);
  // A message from the application. False: it talks nonsense, or too much, and is to be ended.
  bool OnMessage(const std::vector<char>& bytes);
  // The application has ended, or is to: no service of it goes on. RunDown follows, once, on a thread that
  // may wait. False: it was ending already. `memory`: whether the application's is still there.
  enum class Memory : uint8_t { kThere, kGone };
  bool End(Memory memory);
  // Ends the application by force and says why, unless it ends already. Any thread.
  void Kill(const char* why);
  // Until the last thread is out of the executive and the process object has been run down.
  void RunDown();

  bool is_ending() const { return ending_.load(std::memory_order_acquire); }
  const std::atomic<bool>& ending() const { return ending_; }
  PEPROCESS process() const { return process_; }
  const os::LocalSocket& socket() const { return socket_; }
  const os::PeerProcess& peer() const { return peer_; }
  // The executive's; zero before Begin. Any thread, also after the process object is gone.
  uint64_t executive_id() const { return executive_id_.load(std::memory_order_acquire); }
  const std::string& image_path() const { return image_path_; }
  size_t thread_count();

  // Called by a thread as the last thing that it does with the process.
  void ThreadEnded(ClientThread* thread);

  // mm::ClientPort
  Result<uint64_t> Carry(const ProcessOrder& order) override;
  Status SendObject(uint32_t object, int descriptor) override;
  // ps::RemoteProcess
  Status StartThread(PETHREAD thread, const ps::UserThreadOptions& options) override;
  // ke::UserCode
  void RunApc(PKNORMAL_ROUTINE routine, PVOID context, PVOID argument1, PVOID argument2) override;

 private:
  // A killed application's process object ends with this, as one that the task manager ends does on Windows.
  static constexpr NTSTATUS kKilled = 1;

  // Somebody who waits for the application's library to answer.
  struct Waiter {
    std::atomic<uint32_t> done{0};
    OrderAnswer answer;
  };

  void Refuse(NTSTATUS status, const char* why);
  void OnNewThread(const transport::Message& message);
  void OnNoChannel(const transport::Message& message);
  Status MakeThread(const transport::Message& message);
  PETHREAD TakeTicket(uint64_t ticket);
  void Abandon(uint64_t ticket, PETHREAD thread, NTSTATUS status);
  Result<uint64_t> Ask(transport::Message message, const int* descriptor);
  void AwaitAnswer(Waiter& waiter);
  void PushThreadsOut();

  const os::LocalSocket socket_;
  os::PeerProcess peer_;
  std::string image_path_;
  PEPROCESS process_ = nullptr;
  std::atomic<uint64_t> executive_id_{0};
  std::atomic<bool> begun_{false};
  std::atomic<bool> ending_{false};
  std::atomic<bool> killed_{false};
  // Until the program has said what it ends with.
  std::atomic<NTSTATUS> exit_status_{kKilled};
  std::mutex beginning_;  // held by Begin and RunDown, one after the other; drivers are called
  std::atomic<uint32_t> thread_ends_{0};  // a futex: rises when a thread ends

  std::mutex mutex_;
  std::vector<std::unique_ptr<ClientThread>> threads_;
  // Thread objects whose Linux threads have been ordered and have not come yet.
  std::map<uint64_t, PETHREAD> tickets_;
  std::map<uint64_t, Waiter*> waiters_;
  uint64_t next_sequence_ = 1;
  uint64_t next_ticket_ = 1;

  JoinedThreads os_threads_;  // those of `threads_`, and some that are at their last step
};

}  // namespace ring3::host
