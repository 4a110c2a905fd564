// SPDX-License-Identifier: MIT
#include "host/server.h"

#include <ntstatus.h>

#include <cstdio>
#include <cstring>
#include <functional>
#include <utility>

#include <fmt/format.h>

#include "base/boot_options.h"
#include "boot/load_reason.h"
#include "host/control.h"
#include "host/control_text.h"
#include "mm/user_window.h"
#include "os/clock.h"
#include "os/futex.h"
#include "os/identity.h"
#include "os/process.h"
#include "os/thread.h"
#include "ps/thread.h"
#include "ring3/executive.h"
#include "transport/messages.h"

namespace ring3::host {
namespace {

using transport::Message;
using transport::MessageKind;

constexpr int kHostFailedExitStatus = 125;
constexpr int kLeakedExitStatus = 87;
// Keys of connections are multiples of four; one more is the end of the connection's process.
constexpr uint64_t kListenerKey = 2;
constexpr uint64_t kProcessEnd = 1;
constexpr size_t kMostConnections = 4096;
constexpr int64_t kMostGoodbyeNs = 2'000'000'000;

// Whoever may have the host load a driver may do all that the host's user may do.
bool MayControl(const os::Identity& identity) {
  return identity.user_id == 0 || identity.user_id == os::CurrentIdentity().user_id;
}

}  // namespace

Server::Server(const Ring3HostOptions& options) : options_(options) {}
Server::~Server() = default;

// On a thread of its own; where there is none, here, and others wait.
void Server::RunAside(std::function<void()> body) {
  tasks_.fetch_add(1, std::memory_order_relaxed);
  auto run = [this, body = std::move(body)] {
    body();
    ps::DetachThread(STATUS_SUCCESS);
    tasks_.fetch_sub(1, std::memory_order_release);
    os::FutexWakeAll(tasks_);
  };
  if (!task_threads_.Start("ring3-task", run)) run();
}

bool Server::Boot() {
  BootOptions boot;
  boot.registry_file = options_.registry_file;
  boot.system_drive_directory = options_.system_drive_directory;
  boot.verbose = options_.verbose != 0;
  boot.special_pool = options_.special_pool != 0;
  boot.embedded = false;
  executive_ = Executive::Boot(boot);
  return executive_ != nullptr && mm::StartUserWindow().ok() && LoadDrivers();
}

bool Server::LoadDrivers() {
  for (const char* const* driver = options_.drivers; *driver != nullptr; ++driver) {
    std::string error;
    const NTSTATUS status = executive_->LoadDriver(*driver, {}, &error);
    if (NT_SUCCESS(status)) continue;
    fmt::print(stderr, "ring3: {} was not loaded: {}\n", *driver, boot::LoadReason(status, *driver, error));
    return false;
  }
  return true;
}

int Server::Run() {
  os::AllowManyDescriptors();
  std::string error;
  auto starter = std::make_shared<Connection>();
  starter->socket = os::LocalSocket(os::Descriptor(options_.starter_descriptor));
  starter->is_starter = true;
  if (poller_.valid()) listener_ = os::LocalSocket::Listen(options_.socket_path, &error);
  if (!listener_.valid()) {
    fmt::print(stderr, "ring3: no socket can be made at {}: {}\n", options_.socket_path, error);
    return kHostFailedExitStatus;
  }
  int exit_status = kHostFailedExitStatus;
  if (Boot()) {
    Listen();
    if (starter->socket.valid()) {
      SendControlText(starter->socket, R"({"ready": true})");
      Add(std::move(starter));
    }
    Receive();
    exit_status = 0;
  }
  const int shut_down = ShutDown();
  // Another host may have it from here on.
  listener_.Close();
  os::LocalSocket::RemoveDead(options_.socket_path);
  return exit_status == 0 ? shut_down : exit_status;
}

void Server::Add(std::shared_ptr<Connection> connection) {
  connection->key = next_key_;
  next_key_ += 4;
  if (!poller_.Add(connection->socket.descriptor(), connection->key)) return;
  connections_[connection->key] = std::move(connection);
}

void Server::Receive() {
  while (!stopping_.load(std::memory_order_acquire)) {
    const std::vector<Key> keys = poller_.Wait();
    // Whatever happened may have left room for one more.
    if (!listening_) Listen();
    for (const Key key : keys) {
      if (key == kListenerKey) {
        OnConnection();
      } else if ((key & kProcessEnd) != 0) {
        OnGone(key - kProcessEnd, ClientProcess::Memory::kGone);
      } else {
        OnReadable(key);
      }
    }
  }
}

void Server::Listen() {
  listening_ = poller_.Add(listener_.descriptor(), kListenerKey);
}

// Where there is no room for one more, who has said nothing for the longest gives way.
void Server::OnConnection() {
  if (connections_.size() >= kMostConnections && !DropSilentConnection()) return StopListening();
  auto connection = std::make_shared<Connection>();
  connection->socket = listener_.Accept();
  if (connection->socket.valid()) return Add(std::move(connection));
  if (!DropSilentConnection()) StopListening();
}

bool Server::DropSilentConnection() {
  for (const auto& [key, connection] : connections_) {
    if (connection->client != nullptr || connection->is_starter || connection->has_asked) continue;
    OnGone(key);
    return true;
  }
  return false;
}

void Server::StopListening() {
  poller_.Remove(listener_.descriptor());
  listening_ = false;
}

// One message, however many there are: the others' turn comes first.
void Server::OnReadable(Key key) {
  auto found = connections_.find(key);
  if (found == connections_.end()) return;
  const std::shared_ptr<Connection> connection = found->second;
  const os::LocalSocket& socket =
      connection->client != nullptr ? connection->client->socket() : connection->socket;
  std::vector<char> bytes;
  std::vector<os::Descriptor> descriptors;
  switch (socket.Receive(&bytes, &descriptors, os::LocalSocket::Wait::kDoNotWait)) {
    case os::Received::kNothing:
      return;
    case os::Received::kMessage:
      if (connection->client == nullptr) return OnFirstMessage(*connection, std::move(bytes));
      if (connection->client->OnMessage(bytes)) return;
      return OnGone(key);
    case os::Received::kEnd:
      return OnGone(key, ClientProcess::Memory::kGone);
    default:
      return OnGone(key);
  }
}

void Server::OnGone(Key key, ClientProcess::Memory memory) {
  auto found = connections_.find(key);
  if (found == connections_.end()) return;
  const std::shared_ptr<Connection> connection = std::move(found->second);
  connections_.erase(found);
  if (connection->client != nullptr) {
    poller_.Remove(connection->client->socket().descriptor());
    EndClient(connection->client, memory);
  } else {
    poller_.Remove(connection->socket.descriptor());
    // An answer that is under way need not be read any more. Without this, one that sent its own end here
    // would keep both ends open.
    connection->socket.Shutdown();
  }
  if (connection->is_starter && options_.stop_with_starter != 0) Stop();
}

void Server::OnFirstMessage(Connection& connection, std::vector<char> bytes) {
  Message message;
  if (bytes.size() >= sizeof(message)) std::memcpy(&message, bytes.data(), sizeof(message));
  if (bytes.size() < sizeof(message) || message.version != transport::kProtocolVersion)
    return OnGone(connection.key);
  switch (message.kind) {
    case MessageKind::kHello: {
      // Who asks may yet be answered over this socket.
      if (connection.has_asked || connection.is_starter) return OnGone(connection.key);
      // From here on the client reads its socket; the poller knows the descriptor, which stays the same.
      connection.client = std::make_shared<ClientProcess>(std::move(connection.socket));
      clients_seen_.fetch_add(1, std::memory_order_relaxed);
      {
        std::lock_guard<std::mutex> guard(mutex_);
        clients_.push_back(connection.client);
      }
      RunAside([this, client = connection.client, key = connection.key, hello = std::move(bytes)] {
        BeginClient(client, key, hello);
      });
      return;
    }
    case MessageKind::kControl:
      if (!connection.has_asked && !connection.is_starter && !MayControl(connection.socket.Peer().identity)) {
        return OnGone(connection.key);
      }
      connection.has_asked = true;
      switch (connection.request.Add(bytes.data(), bytes.size())) {
        case ControlTextReader::Progress::kMore:
          return;
        case ControlTextReader::Progress::kRefused:
          return OnGone(connection.key);
        case ControlTextReader::Progress::kComplete:
          return OnRequest(connections_[connection.key], connection.request.text());
      }
      return;
    default:
      return OnGone(connection.key);
  }
}

// Whoever asks a third time before he has read the first answer wants nothing but our threads.
void Server::OnRequest(std::shared_ptr<Connection> connection, std::string request) {
  {
    std::lock_guard<std::mutex> guard(connection->asking);
    if (connection->waiting.has_value()) return OnGone(connection->key);
    if (connection->is_answering) {
      connection->waiting = std::move(request);
      return;
    }
    connection->is_answering = true;
  }
  RunAside([this, connection = std::move(connection), first = std::move(request)] {
    std::optional<std::string> next = first;
    while (next.has_value() && SendControlText(connection->socket, AnswerControlRequest(*this, *next))) {
      std::lock_guard<std::mutex> guard(connection->asking);
      next = std::exchange(connection->waiting, std::nullopt);
      connection->is_answering = next.has_value();
    }
  });
}

void Server::BeginClient(const std::shared_ptr<ClientProcess>& client, Key key,
                         const std::vector<char>& hello) {
  // The socket alone does not tell: a child of the application's may have it too.
  if (client->Begin(hello) && poller_.AddOnce(client->peer().end_descriptor(), key + kProcessEnd)) return;
  // The reception hears of that and lets the connection go, whatever the other end does.
  client->socket().Shutdown();
  EndClient(client);
}

// Once for each client: whoever comes second finds it ending.
void Server::EndClient(const std::shared_ptr<ClientProcess>& client, ClientProcess::Memory memory) {
  if (!client->End(memory)) return;
  RunAside([this, client] {
    client->RunDown();
    {
      std::lock_guard<std::mutex> guard(mutex_);
      std::erase(clients_, client);
    }
    poller_.Wake();
  });
}

std::vector<std::shared_ptr<ClientProcess>> Server::Clients() {
  std::lock_guard<std::mutex> guard(mutex_);
  return clients_;
}

void Server::Stop() {
  stopping_.store(true, std::memory_order_release);
  poller_.Wake();
}

int Server::ShutDown() {
  for (const auto& [key, connection] : connections_) {
    if (connection->is_starter) SendControlText(connection->socket, R"({"ready": false})");
  }
  for (const auto& client : Clients()) EndClient(client);
  // Whoever told the host to stop gets an answer; who does not read his keeps nobody waiting.
  const int64_t deadline = os::MonotonicNs() + kMostGoodbyeNs;
  while (const uint32_t tasks = tasks_.load(std::memory_order_acquire)) {
    if (os::FutexWait(tasks_, tasks, deadline) == os::FutexResult::kTimedOut) break;
  }
  for (const auto& [key, connection] : connections_) connection->socket.Shutdown();
  connections_.clear();
  task_threads_.JoinAll();
  if (executive_ == nullptr) return 0;
  const std::vector<std::string> leaks = executive_->Shutdown();
  executive_ = nullptr;
  for (const std::string& leak : leaks) fmt::print(stderr, "ring3: left: {}\n", leak);
  std::fflush(nullptr);
  return !leaks.empty() && options_.fail_on_leaks != 0 ? kLeakedExitStatus : 0;
}

}  // namespace ring3::host

int Ring3RunHost(const Ring3HostOptions* options) {
  return ring3::host::Server(*options).Run();
}
