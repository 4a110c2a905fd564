// SPDX-License-Identifier: MIT
#include "mm/contiguous_blocks.h"

#include <cstdio>

#include "os/stack_trace.h"

namespace ring3::mm {

void ContiguousBlocks::Insert(uintptr_t address, const Block& block) {
  SpinLockGuard guard(lock_);
  blocks_[address] = block;
}

bool ContiguousBlocks::Remove(uintptr_t address, Block* block) {
  SpinLockGuard guard(lock_);
  auto found = blocks_.find(address);
  if (found == blocks_.end()) return false;
  *block = found->second;
  blocks_.erase(found);
  return true;
}

void ContiguousBlocks::InsertMdl(PMDL mdl, const Block& block) {
  SpinLockGuard guard(lock_);
  mdls_[mdl] = block;
}

bool ContiguousBlocks::RemoveMdl(PMDL mdl) {
  SpinLockGuard guard(lock_);
  return mdls_.erase(mdl) != 0;
}

void ContiguousBlocks::Shutdown(LeakReport& leaks) {
  decltype(blocks_) blocks;
  decltype(mdls_) mdls;
  {
    SpinLockGuard guard(lock_);
    blocks.swap(blocks_);
    mdls.swap(mdls_);
  }
  char line[128];
  for (const auto& [address, block] : blocks) {
    std::snprintf(line, sizeof line, "%llu bytes of contiguous memory at 0x%llx, allocated by ",
                  static_cast<unsigned long long>(block.byte_count),
                  static_cast<unsigned long long>(address));
    leaks.Add(line + os::DescribeCaller(block.owner));
  }
  for (const auto& [mdl, block] : mdls) {
    std::snprintf(line, sizeof line, "%llu bytes of pages of MDL %p, allocated by ",
                  static_cast<unsigned long long>(block.byte_count), static_cast<const void*>(mdl));
    leaks.Add(line + os::DescribeCaller(block.owner));
  }
}

}  // namespace ring3::mm
