// SPDX-License-Identifier: MIT
#include "ex/pool_trace.h"

#include <vector>

#include "os/stack_trace.h"

namespace ring3::ex {

CallStack CaptureCallStack() {
  CallStack stack{};
  os::CaptureStack(stack, 1);
  return stack;
}

std::string CallStackText(const CallStack& stack) {
  std::vector<uintptr_t> addresses;
  for (void* address : stack) {
    if (address != nullptr) addresses.push_back(reinterpret_cast<uintptr_t>(address));
  }
  std::string text;
  for (const std::string& line : os::FormatStack(addresses, os::AddressKind::kReturnAddress))
    text += "      " + line + "\n";
  if (!text.empty()) text.pop_back();
  return text;
}

void PoolTrace::Allocated(const void* user, const CallStack& stack) {
  Shard& shard = ShardOf(user);
  SpinLockGuard guard(shard.lock);
  shard.entries[user] = {stack, {}};
}

void PoolTrace::Freed(const void* user, const CallStack& stack) {
  Shard& shard = ShardOf(user);
  SpinLockGuard guard(shard.lock);
  if (const auto found = shard.entries.find(user); found != shard.entries.end()) found->second.freed = stack;
}

void PoolTrace::Find(const void* user, CallStack* allocated, CallStack* freed) {
  Shard& shard = ShardOf(user);
  SpinLockGuard guard(shard.lock);
  const auto found = shard.entries.find(user);
  if (found == shard.entries.end()) return;
  *allocated = found->second.allocated;
  *freed = found->second.freed;
}

}  // namespace ring3::ex
