// SPDX-License-Identifier: MIT
#include "os/local_socket.h"

#include <cerrno>
#include <cstdlib>
#include <cstring>

#include <fcntl.h>
#include <poll.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

namespace ring3::os {
namespace {

bool Address(const std::string& path, sockaddr_un* address, std::string* error) {
  *address = {};
  address->sun_family = AF_UNIX;
  if (path.size() >= sizeof(address->sun_path)) {
    *error = "the path of a socket is at most 107 characters long: " + path;
    return false;
  }
  std::memcpy(address->sun_path, path.data(), path.size());
  return true;
}

Descriptor NewSocket() {
  return Descriptor(socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0));
}

bool ConnectTo(const Descriptor& descriptor, const sockaddr_un& address) {
  return connect(descriptor.get(), reinterpret_cast<const sockaddr*>(&address), sizeof(address)) == 0;
}

enum class Found : uint8_t { kNothing, kListener, kDeadSocket, kOther };

Found WhatIsAt(const sockaddr_un& address) {
  struct stat status;
  if (lstat(address.sun_path, &status) != 0) return errno == ENOENT ? Found::kNothing : Found::kOther;
  // connect() says of other files, too, that it was refused.
  if (!S_ISSOCK(status.st_mode)) return Found::kOther;
  const Descriptor probe(socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (ConnectTo(probe, address)) return Found::kListener;
  return errno == ECONNREFUSED ? Found::kDeadSocket : Found::kListener;
}

// Sockets of a folder are made and removed one after the other: between bind() and listen() one looks dead.
// The lock goes with the descriptor.
Descriptor LockFolderOf(const std::string& path) {
  const size_t slash = path.rfind('/');
  const std::string folder = slash == path.npos ? "." : path.substr(0, slash + 1);
  Descriptor lock(open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  while (lock.valid() && flock(lock.get(), LOCK_EX) != 0) {
    if (errno != EINTR) lock.Close();
  }
  return lock;
}

}  // namespace

LocalSocket LocalSocket::Listen(const std::string& path, std::string* error) {
  sockaddr_un address;
  if (!Address(path, &address, error)) return {};
  const Descriptor lock = LockFolderOf(path);
  Descriptor descriptor;
  if (lock.valid()) descriptor = NewSocket();
  if (!descriptor.valid()) {
    *error = std::strerror(errno);
    return {};
  }
  switch (WhatIsAt(address)) {
    case Found::kNothing:
      break;
    case Found::kListener:
      *error = "a host listens there already";
      return {};
    case Found::kDeadSocket:
      // A host that was killed leaves its file behind.
      unlink(path.c_str());
      break;
    case Found::kOther:
      *error = "what is there is no socket";
      return {};
  }
  const mode_t mask = umask(0177);
  const int bound = bind(descriptor.get(), reinterpret_cast<sockaddr*>(&address), sizeof(address));
  umask(mask);
  if (bound != 0 || listen(descriptor.get(), SOMAXCONN) != 0) {
    *error = std::strerror(errno);
    return {};
  }
  return LocalSocket(std::move(descriptor));
}

LocalSocket LocalSocket::Connect(const std::string& path, std::string* error) {
  sockaddr_un address;
  if (!Address(path, &address, error)) return {};
  Descriptor descriptor = NewSocket();
  if (descriptor.valid() && ConnectTo(descriptor, address)) return LocalSocket(std::move(descriptor));
  *error = std::strerror(errno);
  return {};
}

void LocalSocket::RemoveDead(const std::string& path) {
  sockaddr_un address;
  std::string ignored;
  if (!Address(path, &address, &ignored)) return;
  const Descriptor lock = LockFolderOf(path);
  if (lock.valid() && WhatIsAt(address) == Found::kDeadSocket) unlink(path.c_str());
}

bool LocalSocket::MakePair(LocalSocket* first, LocalSocket* second) {
  int ends[2];
  if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) != 0) return false;
  *first = LocalSocket(Descriptor(ends[0]));
  *second = LocalSocket(Descriptor(ends[1]));
  return true;
}

LocalSocket LocalSocket::Accept() const {
  return LocalSocket(Descriptor(accept4(descriptor_.get(), nullptr, nullptr, SOCK_CLOEXEC)));
}

void LocalSocket::Shutdown() const {
  if (descriptor_.valid()) shutdown(descriptor_.get(), SHUT_RDWR);
}

PeerIdentity LocalSocket::Peer() const {
  PeerIdentity peer;
  ucred credentials = {};
  socklen_t length = sizeof(credentials);
  if (getsockopt(descriptor_.get(), SOL_SOCKET, SO_PEERCRED, &credentials, &length) != 0) return peer;
  peer.process_id = credentials.pid;
  peer.identity.user_id = credentials.uid;
  peer.identity.group_id = credentials.gid;
  length = 0;
  getsockopt(descriptor_.get(), SOL_SOCKET, SO_PEERGROUPS, nullptr, &length);
  std::vector<gid_t> groups(length / sizeof(gid_t));
  if (!groups.empty() &&
      getsockopt(descriptor_.get(), SOL_SOCKET, SO_PEERGROUPS, groups.data(), &length) == 0) {
    peer.identity.groups.assign(groups.begin(), groups.end());
  }
  return peer;
}

bool LocalSocket::PeerHasEnded() const {
  // Linux 6.5; the number is missing in older headers.
  constexpr int kPeerPidFd = 77;
  int process = -1;
  socklen_t length = sizeof(process);
  if (getsockopt(descriptor_.get(), SOL_SOCKET, kPeerPidFd, &process, &length) != 0) {
    return errno == ESRCH || errno == EINVAL;
  }
  const Descriptor kept(process);
  pollfd end = {kept.get(), POLLIN, 0};
  return poll(&end, 1, 0) > 0;
}

bool LocalSocket::Send(const void* message, size_t byte_count, const int* descriptors,
                       size_t descriptor_count) const {
  return SendNow(message, byte_count, descriptors, descriptor_count, 0) == Sent::kDone;
}

Sent LocalSocket::TrySend(const void* message, size_t byte_count, const int* descriptors,
                          size_t descriptor_count) const {
  return SendNow(message, byte_count, descriptors, descriptor_count, MSG_DONTWAIT);
}

Sent LocalSocket::SendNow(const void* message, size_t byte_count, const int* descriptors,
                          size_t descriptor_count, int flags) const {
  iovec data = {const_cast<void*>(message), byte_count};
  msghdr header = {};
  header.msg_iov = &data;
  header.msg_iovlen = 1;
  alignas(cmsghdr) char control[CMSG_SPACE(kMostDescriptors * sizeof(int))] = {};
  if (descriptor_count != 0) {
    if (descriptor_count > kMostDescriptors) return Sent::kNoRoom;
    header.msg_control = control;
    header.msg_controllen = CMSG_SPACE(descriptor_count * sizeof(int));
    cmsghdr* const part = CMSG_FIRSTHDR(&header);
    part->cmsg_level = SOL_SOCKET;
    part->cmsg_type = SCM_RIGHTS;
    part->cmsg_len = CMSG_LEN(descriptor_count * sizeof(int));
    std::memcpy(CMSG_DATA(part), descriptors, descriptor_count * sizeof(int));
  }
  while (sendmsg(descriptor_.get(), &header, MSG_NOSIGNAL | flags) < 0) {
    if (errno == EINTR) continue;
    return errno == EPIPE || errno == ECONNRESET || errno == ENOTCONN ? Sent::kEnd : Sent::kNoRoom;
  }
  return Sent::kDone;
}

Received LocalSocket::Receive(std::vector<char>* buffer, std::vector<Descriptor>* descriptors,
                              Wait wait) const {
  buffer->resize(kMostMessageBytes);
  iovec data = {buffer->data(), buffer->size()};
  alignas(cmsghdr) char control[CMSG_SPACE(kMostDescriptors * sizeof(int))];
  msghdr header = {};
  header.msg_iov = &data;
  header.msg_iovlen = 1;
  header.msg_control = control;
  header.msg_controllen = sizeof(control);
  ssize_t received;
  do {
    received =
        recvmsg(descriptor_.get(), &header, MSG_CMSG_CLOEXEC | (wait == Wait::kDoNotWait ? MSG_DONTWAIT : 0));
  } while (received < 0 && errno == EINTR);
  if (received < 0) {
    buffer->clear();
    return errno == EAGAIN || errno == EWOULDBLOCK ? Received::kNothing : Received::kEnd;
  }
  for (cmsghdr* part = CMSG_FIRSTHDR(&header); part != nullptr; part = CMSG_NXTHDR(&header, part)) {
    if (part->cmsg_level != SOL_SOCKET || part->cmsg_type != SCM_RIGHTS) continue;
    const size_t count = (part->cmsg_len - CMSG_LEN(0)) / sizeof(int);
    for (size_t i = 0; i < count; ++i) {
      int descriptor;
      std::memcpy(&descriptor, CMSG_DATA(part) + i * sizeof(int), sizeof(int));
      descriptors->emplace_back(descriptor);
    }
  }
  buffer->resize(static_cast<size_t>(received));
  if ((header.msg_flags & MSG_TRUNC) != 0) return Received::kTooLarge;
  return received == 0 ? Received::kEnd : Received::kMessage;
}

std::string RuntimeDirectory(std::string* error) {
  const char* const base = std::getenv("XDG_RUNTIME_DIR");
  const std::string directory = base != nullptr && base[0] == '/' ? std::string(base) + "/ring3"
                                                                  : "/tmp/ring3-" + std::to_string(geteuid());
  if (mkdir(directory.c_str(), 0700) != 0 && errno != EEXIST) {
    *error = directory + ": " + std::strerror(errno);
    return {};
  }
  // Somebody else may have made it first.
  struct stat status;
  if (lstat(directory.c_str(), &status) != 0 || !S_ISDIR(status.st_mode) || status.st_uid != geteuid() ||
      (status.st_mode & 0077) != 0) {
    *error = directory + " is not a directory of this user alone: remove it, or set XDG_RUNTIME_DIR";
    return {};
  }
  return directory;
}

}  // namespace ring3::os
