// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "base/result.h"
#include "os/descriptor.h"
#include "os/identity.h"

namespace ring3::os {

// Who is at the other end, as Linux says.
struct PeerIdentity {
  int process_id = 0;
  Identity identity;
};

enum class Received : uint8_t {
  kMessage,
  kEnd,       // the other end is closed
  kTooLarge,  // a message that does not fit; it is lost
  kNothing,   // not now: only from a descriptor that does not block
};

enum class Sent : uint8_t {
  kDone,
  kNoRoom,  // the other end does not read, or Linux has no memory
  kEnd,     // the other end is closed
};

// A Unix socket that keeps message boundaries (SOCK_SEQPACKET) and carries descriptors. Messages are at most
// kMostMessageBytes.
class LocalSocket {
 public:
  static constexpr size_t kMostMessageBytes = 64 * 1024;
  static constexpr size_t kMostDescriptors = 4;

  LocalSocket() = default;
  explicit LocalSocket(Descriptor descriptor) : descriptor_(std::move(descriptor)) {}

  // Binds and listens; the file is the owner's alone (0600). `*error` says what is wrong otherwise. A socket
  // file that nobody listens at is replaced.
  static LocalSocket Listen(const std::string& path, std::string* error);
  // Removes a socket file that nobody listens at, and nothing else. The folder is locked meanwhile, as in
  // Listen, so that no host that comes up is taken for dead.
  static void RemoveDead(const std::string& path);
  static LocalSocket Connect(const std::string& path, std::string* error);
  // Two that are connected with each other.
  static bool MakePair(LocalSocket* first, LocalSocket* second);
  LocalSocket Accept() const;

  bool valid() const { return descriptor_.valid(); }
  int descriptor() const { return descriptor_.get(); }
  void Close() { descriptor_.Close(); }
  // Both ends see the end at once, whoever has the descriptor.
  void Shutdown() const;
  PeerIdentity Peer() const;
  // Whether the process that connected has ended; others may have its end of the socket. False where Linux
  // does not say.
  bool PeerHasEnded() const;

  // Any thread may send. False: the other end is closed, or it cannot be sent.
  bool Send(const void* message, size_t byte_count, const int* descriptors = nullptr,
            size_t descriptor_count = 0) const;
  // Does not wait for room in the socket's buffer.
  Sent TrySend(const void* message, size_t byte_count, const int* descriptors = nullptr,
               size_t descriptor_count = 0) const;
  enum class Wait : uint8_t { kWait, kDoNotWait };
  // Receives one message into `buffer`; descriptors that came with it are appended. Blocks unless kDoNotWait.
  Received Receive(std::vector<char>* buffer, std::vector<Descriptor>* descriptors,
                   Wait wait = Wait::kWait) const;

 private:
  Sent SendNow(const void* message, size_t byte_count, const int* descriptors, size_t descriptor_count,
               int flags) const;

  Descriptor descriptor_;
};

// Where sockets of hosts lie: $XDG_RUNTIME_DIR/ring3, or /tmp/ring3-<user>; made with the rights of its owner
// alone. Empty, with `*error`, where that is not possible (the directory is somebody else's).
std::string RuntimeDirectory(std::string* error);

}  // namespace ring3::os
