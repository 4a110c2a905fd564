// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>

#include "base/result.h"
#include "os/memory.h"

// Memory that is shown a second time at an address which somebody else chose. Never over what is mapped there
// already. All of it is async-signal-safe but for the making and closing of a scratch object.
namespace ring3::os {

enum class Shown : uint8_t {
  kShown,
  kAddressTaken,  // something else is mapped in the range
  kRefused,       // by Linux: out of memory, or `existing` is not a shared mapping
};

// Maps [existing, +byte_count), which lies in one shared mapping, a second time, where Linux has room, with
// the protection that it has there or, kRead, a stricter one. Zero: Linux refuses.
uintptr_t MapAside(uintptr_t existing, size_t byte_count, Protection protection);
// Moves what was mapped aside to `address`, in one step for other threads. Where that fails it is gone.
Shown ShowFromAside(uintptr_t aside, size_t byte_count, uintptr_t address);

// A memory object, mapped once and whole wherever there is room, of which parts are shown elsewhere.
class ScratchMemory {
 public:
  ScratchMemory() = default;
  ScratchMemory(const ScratchMemory&) = delete;
  ScratchMemory& operator=(const ScratchMemory&) = delete;
  ~ScratchMemory() { Close(); }

  // STATUS_INSUFFICIENT_RESOURCES.
  Status Create(const char* name, size_t byte_count);
  void Close();

  std::byte* base() const { return base_; }
  Shown ShowAt(uintptr_t address, size_t byte_count, size_t offset, Protection protection) const;
  // Gives the memory back; the range reads as zeros.
  void Punch(size_t offset, size_t byte_count) const;

 private:
  int descriptor_ = -1;
  std::byte* base_ = nullptr;
  size_t byte_count_ = 0;
};

}  // namespace ring3::os
