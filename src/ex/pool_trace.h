// SPDX-License-Identifier: MIT
#pragma once

#include "base/spin_lock.h"

#include <array>
#include <cstdint>
#include <string>
#include <unordered_map>

namespace ring3::ex {

// Return addresses, innermost first; unused ones are null.
using CallStack = std::array<void*, 12>;

// The callers of the current function, by frame pointers; stops where the chain leaves the thread's stack.
CallStack CaptureCallStack();
// A line per frame, indented: module+offset and the name where one is exported.
std::string CallStackText(const CallStack& stack);

// Who allocated each live block, and who freed the recently freed ones; in checked mode.
class PoolTrace {
 public:
  void Allocated(const void* user, const CallStack& stack);
  void Freed(const void* user, const CallStack& stack);
  // Empty stacks where nothing is known.
  void Find(const void* user, CallStack* allocated, CallStack* freed);

 private:
  struct Entry {
    CallStack allocated{};
    CallStack freed{};
  };
  struct Shard {
    SpinLock lock{LockRank::kPool};
    std::unordered_map<const void*, Entry> entries RING3_GUARDED_BY(lock);
  };
  Shard& ShardOf(const void* user) {
    return shards_[(reinterpret_cast<uintptr_t>(user) >> 6) % shards_.size()];
  }
  std::array<Shard, 16> shards_;
};

}  // namespace ring3::ex
