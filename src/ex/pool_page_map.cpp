// SPDX-License-Identifier: MIT
#include "ex/pool_page_map.h"

#include <ntstatus.h>

#include "os/sparse_memory.h"

namespace ring3::ex {

Status PoolPageMap::Initialize(uintptr_t base, size_t byte_count) {
  const size_t pages = byte_count / kPageSize;
  void* use = os::ReserveSparse(pages);
  if (use == nullptr) return STATUS_INSUFFICIENT_RESOURCES;
  void* large = os::ReserveSparse(pages * sizeof(LargeBlock));
  if (large == nullptr) {
    os::ReleaseSparse(use, pages);
    return STATUS_INSUFFICIENT_RESOURCES;
  }
  use_ = static_cast<std::atomic<uint8_t>*>(use);
  large_ = static_cast<LargeBlock*>(large);
  base_ = base;
  byte_count_ = byte_count;
  return STATUS_SUCCESS;
}

void PoolPageMap::Shutdown() {
  if (use_ == nullptr) return;
  os::ReleaseSparse(use_, page_count());
  os::ReleaseSparse(large_, page_count() * sizeof(LargeBlock));
  use_ = nullptr;
  large_ = nullptr;
  base_ = 0;
  byte_count_ = 0;
}

}  // namespace ring3::ex
