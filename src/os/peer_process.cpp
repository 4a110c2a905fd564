// SPDX-License-Identifier: MIT
#include "os/peer_process.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <string>

#include "base/fault_injection.h"
#include "ntstatus.h"

namespace ring3::os {
namespace {

// Linux moves no more than this at once.
constexpr size_t kMostBytes = size_t{1} << 30;

template <auto Transfer>
bool MoveAll(int process_id, uintptr_t local, uintptr_t remote, size_t byte_count, size_t* copied) {
  size_t done = 0;
  while (done < byte_count) {
    const size_t piece = std::min(byte_count - done, kMostBytes);
    const iovec here = {reinterpret_cast<void*>(local + done), piece};
    const iovec there = {reinterpret_cast<void*>(remote + done), piece};
    const ssize_t moved = Transfer(process_id, &here, 1, &there, 1, 0);
    if (moved <= 0) break;
    done += static_cast<size_t>(moved);
  }
  if (copied != nullptr) *copied = done;
  return done == byte_count;
}

bool Nothing(size_t* copied) {
  if (copied != nullptr) *copied = 0;
  return false;
}

// The library's own are intercepted by sanitizers, which take the other process' addresses for theirs.
ssize_t ReadVector(int process_id, const iovec* here, unsigned long here_count, const iovec* there,
                   unsigned long there_count, unsigned long flags) {
  return syscall(SYS_process_vm_readv, process_id, here, here_count, there, there_count, flags);
}
ssize_t WriteVector(int process_id, const iovec* here, unsigned long here_count, const iovec* there,
                    unsigned long there_count, unsigned long flags) {
  return syscall(SYS_process_vm_writev, process_id, here, here_count, there, there_count, flags);
}

// /proc/<pid>/stat from its third field on; the second, a name in parentheses, may hold anything. Empty: it
// is gone.
std::string StatOf(int process_id) {
  char path[32];
  std::snprintf(path, sizeof path, "/proc/%d/stat", process_id);
  const int descriptor = open(path, O_RDONLY | O_CLOEXEC);
  if (descriptor < 0) return {};
  char bytes[1024];
  const ssize_t byte_count = read(descriptor, bytes, sizeof bytes);
  close(descriptor);
  const std::string text(bytes, byte_count > 0 ? static_cast<size_t>(byte_count) : 0);
  const size_t end_of_name = text.rfind(") ");
  return end_of_name == text.npos ? "" : text.substr(end_of_name + 2);
}

// Field 28.
uintptr_t FindFirstStack(int process_id) {
  const std::string stat = StatOf(process_id);
  size_t at = 0;
  for (int field = 3; at != stat.npos && field < 28; ++field) at = stat.find(' ', at + 1);
  return at == stat.npos ? 0 : std::strtoull(stat.c_str() + at, nullptr, 10);
}

}  // namespace

PeerProcess::~PeerProcess() {
  if (end_descriptor_ >= 0) close(end_descriptor_);
}

Status PeerProcess::Open(int process_id) {
  if (ShouldFail("pidfd_open")) return STATUS_INSUFFICIENT_RESOURCES;
  end_descriptor_ = AboveStandard(static_cast<int>(syscall(SYS_pidfd_open, process_id, 0)));
  if (end_descriptor_ < 0) return STATUS_INSUFFICIENT_RESOURCES;
  RING3_TRY(regions_.Open(process_id));
  process_id_ = process_id;
  first_stack_ = FindFirstStack(process_id);
  // Reading /proc/<pid>/maps and reading memory want the same right; see it now rather than at the first
  // copy.
  const iovec nothing = {};
  if (ReadVector(process_id, &nothing, 1, &nothing, 1, 0) < 0 && errno == EPERM) return STATUS_ACCESS_DENIED;
  return STATUS_SUCCESS;
}

bool PeerProcess::Read(void* destination, uintptr_t address, size_t byte_count, size_t* copied) const {
  if (is_gone()) return Nothing(copied);
  return MoveAll<ReadVector>(process_id_, reinterpret_cast<uintptr_t>(destination), address, byte_count,
                             copied);
}

bool PeerProcess::Write(uintptr_t address, const void* source, size_t byte_count, size_t* copied) const {
  if (is_gone()) return Nothing(copied);
  return MoveAll<WriteVector>(process_id_, reinterpret_cast<uintptr_t>(source), address, byte_count, copied);
}

bool PeerProcess::WritePieces(const Piece* pieces, size_t count) const {
  if (is_gone()) return false;
  constexpr size_t kAtOnce = 64;
  iovec here[kAtOnce];
  iovec there[kAtOnce];
  while (count != 0) {
    const size_t now = std::min(count, kAtOnce);
    size_t bytes = 0;
    for (size_t i = 0; i < now; ++i) {
      here[i] = {const_cast<void*>(pieces[i].source), pieces[i].byte_count};
      there[i] = {reinterpret_cast<void*>(pieces[i].address), pieces[i].byte_count};
      bytes += pieces[i].byte_count;
    }
    if (WriteVector(process_id_, here, now, there, now, 0) != static_cast<ssize_t>(bytes)) return false;
    pieces += now;
    count -= now;
  }
  return true;
}

bool PeerProcess::HasEnded() const {
  pollfd end = {end_descriptor_, POLLIN, 0};
  return poll(&end, 1, 0) > 0;
}

bool PeerProcess::IsStopped() const {
  const std::string stat = StatOf(process_id_);
  return stat.starts_with('T') || stat.starts_with('t');
}

void PeerProcess::Kill() const {
  if (end_descriptor_ >= 0) syscall(SYS_pidfd_send_signal, end_descriptor_, SIGKILL, nullptr, 0);
}

}  // namespace ring3::os
