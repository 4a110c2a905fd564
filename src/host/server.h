// SPDX-License-Identifier: MIT
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "host/client_process.h"
#include "host/control_text.h"
#include "host/host.h"
#include "host/joined_threads.h"
#include "os/local_socket.h"
#include "os/poller.h"

namespace ring3 {
class Executive;
}

namespace ring3::host {

// Accepts applications and control connections, and hears of their ends. One thread, the reception, does that
// and nothing that could block; what may block (drivers are called) gets a thread of its own.
class Server {
 public:
  explicit Server(const Ring3HostOptions& options);
  ~Server();
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

  // Until the host has been told to stop. Returns the exit status.
  int Run();

  // What control requests use; any thread.
  Executive& executive() { return *executive_; }
  const char* name() const { return options_.name; }
  const char* socket_path() const { return options_.socket_path; }
  // The applications that are connected or not yet run down.
  std::vector<std::shared_ptr<ClientProcess>> Clients();
  uint64_t clients_seen() const { return clients_seen_.load(std::memory_order_relaxed); }
  // Ends the applications, then Run.
  void Stop();

 private:
  // What a connection is becomes clear with its first message.
  struct Connection {
    os::LocalSocket socket;
    std::shared_ptr<ClientProcess> client;
    ControlTextReader request;
    uint64_t key = 0;
    bool is_starter = false;
    bool has_asked = false;
    // Requests are answered one after the other: one more may wait.
    std::mutex asking;
    bool is_answering = false;
    std::optional<std::string> waiting;
  };
  using Key = uint64_t;

  bool Boot();
  bool LoadDrivers();
  void Receive();
  void OnConnection();
  void Listen();
  void StopListening();
  // False: there is none.
  bool DropSilentConnection();
  void OnReadable(Key key);
  void OnFirstMessage(Connection& connection, std::vector<char> bytes);
  void OnRequest(std::shared_ptr<Connection> connection, std::string request);
  void OnGone(Key key, ClientProcess::Memory memory = ClientProcess::Memory::kThere);
  void BeginClient(const std::shared_ptr<ClientProcess>& client, Key key, const std::vector<char>& hello);
  void EndClient(const std::shared_ptr<ClientProcess>& client,
                 ClientProcess::Memory memory = ClientProcess::Memory::kThere);
  void Add(std::shared_ptr<Connection> connection);
  void RunAside(std::function<void()> body);
  int ShutDown();

  const Ring3HostOptions options_;
  std::unique_ptr<Executive> executive_;
  os::LocalSocket listener_;
  os::Poller poller_;
  std::atomic<uint64_t> clients_seen_{0};
  std::atomic<bool> stopping_{false};
  // The reception's own.
  std::map<Key, std::shared_ptr<Connection>> connections_;
  Key next_key_ = 4;
  bool listening_ = false;

  std::mutex mutex_;
  std::vector<std::shared_ptr<ClientProcess>> clients_;
  std::atomic<uint32_t> tasks_{0};  // under way aside; a futex
  JoinedThreads task_threads_;
};

}  // namespace ring3::host
