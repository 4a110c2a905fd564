// SPDX-License-Identifier: MIT
#pragma once

#include <sys/types.h>

#include <atomic>
#include <cstddef>
#include <cstdint>

#include "base/result.h"
#include "os/memory.h"

namespace ring3::os {

// Another Linux process, an application's: its memory by address, and what is mapped there. Every routine
// fails when the process is gone. None waits for it. Any thread may call.
class PeerProcess {
 public:
  PeerProcess() = default;
  PeerProcess(const PeerProcess&) = delete;
  PeerProcess& operator=(const PeerProcess&) = delete;
  ~PeerProcess();

  // `process_id` is of a process that is known to live (it is connected to a socket of ours).
  // STATUS_INSUFFICIENT_RESOURCES; STATUS_ACCESS_DENIED where Linux does not let us look into it.
  Status Open(int process_id);

  // False at the first page that cannot be accessed so; what comes before it has been copied. `copied`, when
  // not null, says how much that is.
  bool Read(void* destination, uintptr_t address, size_t byte_count, size_t* copied = nullptr) const;
  bool Write(uintptr_t address, const void* source, size_t byte_count, size_t* copied = nullptr) const;

  // Several pieces, in order; false where one could not be written, and what comes after it is not.
  struct Piece {
    uintptr_t address;
    const void* source;
    size_t byte_count;
  };
  bool WritePieces(const Piece* pieces, size_t count) const;

  const RegionMap& Regions() const { return regions_; }
  // An address in the stack of its first thread; zero: unknown.
  uintptr_t first_stack() const { return first_stack_; }
  int process_id() const { return process_id_; }
  // Readable when the process has ended (a pidfd).
  int end_descriptor() const { return end_descriptor_; }
  bool HasEnded() const;
  // A debugger or a signal keeps it from running.
  bool IsStopped() const;
  // Its memory is not there any more, as its socket says: another program may run under its number.
  void SetGone() { is_gone_.store(true, std::memory_order_release); }
  // Ends it with SIGKILL.
  void Kill() const;

 private:
  bool is_gone() const { return is_gone_.load(std::memory_order_acquire); }

  int process_id_ = 0;
  uintptr_t first_stack_ = 0;
  int end_descriptor_ = -1;
  std::atomic<bool> is_gone_{false};
  RegionMap regions_;
};

}  // namespace ring3::os
