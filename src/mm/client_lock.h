// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "mm/frame_run.h"
#include "mm/layout.h"

namespace ring3::mm {

class ClientMemory;
enum class Access : uint8_t;

// What an MDL that locks memory of a client holds. The frames are not used for anything else while it exists.
struct ClientLock {
  // Pages that have no frames of their own (docs/architecture.md): RAM that was filled with their contents.
  struct Bounce {
    uintptr_t address;  // the client's
    Pfn first;
    uint64_t count;
    std::unique_ptr<uint8_t[]> before;  // the contents when they were locked; null: nothing is written back
  };

  explicit ClientLock(std::shared_ptr<ClientMemory> memory);
  ClientLock(const ClientLock&) = delete;
  ClientLock& operator=(const ClientLock&) = delete;
  // Gives the bounced frames back.
  ~ClientLock();

  void Add(Pfn first, uint64_t count);
  // Whether a frame with a system address in the range is among them.
  bool Holds(uintptr_t system_address, uint64_t byte_count) const;
  // Writes to the client what a driver changed in bounced pages, within the bytes that were locked. Any
  // thread, IRQL <= DISPATCH_LEVEL.
  void WriteBack() const;

  std::shared_ptr<ClientMemory> memory;
  std::vector<FrameRun> runs;  // in the order of the MDL
  std::vector<Bounce> bounces;
  uintptr_t start = 0, end = kUserLimit;  // the bytes that were locked
};

}  // namespace ring3::mm
