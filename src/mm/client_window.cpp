// SPDX-License-Identifier: MIT
#include "mm/client_memory.h"

namespace ring3::mm {

ClientWindow::ClientWindow() {
  SpinLockGuard guard(lock_);
  free_.Free(0, kBlocks);
}

bool ClientWindow::Take(uint64_t count, uint64_t* first) {
  SpinLockGuard guard(lock_);
  return free_.Allocate({.count = count}, first);
}

bool ClientWindow::TakeAt(uint64_t block) {
  uint64_t first;
  SpinLockGuard guard(lock_);
  return free_.Allocate({.count = 1, .lowest = block, .highest = block}, &first);
}

void ClientWindow::GiveBack(uint64_t first, uint64_t count) {
  SpinLockGuard guard(lock_);
  free_.Free(first, count);
}

uint64_t ClientWindow::free_count() {
  SpinLockGuard guard(lock_);
  return free_.free_count();
}

void ClientWindow::SetOwner(uint64_t first, uint64_t count, const ClientMemory* owner) {
  for (uint64_t i = 0; i < count; ++i) owners_[first + i].store(owner, std::memory_order_seq_cst);
}

bool ClientWindow::IsMapped(Pfn first, uint64_t count) const {
  if (count == 0 || !IsClientPfn(first) || !IsClientPfn(first + count - 1)) return false;
  const uint64_t last_block = (first + count - 1 - kClientPfnBase) / kBlockPages;
  for (uint64_t block = (first - kClientPfnBase) / kBlockPages; block <= last_block; ++block) {
    if (OwnerOf(block) == nullptr) return false;
  }
  return true;
}

}  // namespace ring3::mm
