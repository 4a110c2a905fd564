// SPDX-License-Identifier: MIT
#include "mm/address_space.h"

#include "mm/state.h"
#include "ntstatus.h"

namespace ring3::mm {

Status AllocateVirtualMemory(PEPROCESS process, void** base, uint64_t zero_bits, size_t* byte_count,
                             ULONG allocation_type, ULONG protect) {
  uintptr_t start = reinterpret_cast<uintptr_t>(*base);
  uint64_t bytes = *byte_count;
  RING3_TRY(TheState().virtual_memory.Allocate(process, &start, zero_bits, &bytes, allocation_type, protect));
  *base = reinterpret_cast<void*>(start);
  *byte_count = bytes;
  return STATUS_SUCCESS;
}

Status FreeVirtualMemory(PEPROCESS process, void** base, size_t* byte_count, ULONG free_type) {
  uintptr_t start = reinterpret_cast<uintptr_t>(*base);
  uint64_t bytes = *byte_count;
  RING3_TRY(TheState().virtual_memory.Free(process, &start, &bytes, free_type));
  *base = reinterpret_cast<void*>(start);
  *byte_count = bytes;
  return STATUS_SUCCESS;
}

Status ProtectVirtualMemory(PEPROCESS, void** base, size_t* byte_count, ULONG new_protect,
                            ULONG* old_protect) {
  uintptr_t start = reinterpret_cast<uintptr_t>(*base);
  uint64_t bytes = *byte_count;
  RING3_TRY(TheState().virtual_memory.Protect(&start, &bytes, new_protect, old_protect));
  *base = reinterpret_cast<void*>(start);
  *byte_count = bytes;
  return STATUS_SUCCESS;
}

Status QueryVirtualMemory(PEPROCESS, const void* address, MEMORY_BASIC_INFORMATION* information) {
  return TheState().virtual_memory.Query(reinterpret_cast<uintptr_t>(address), information);
}

void TearDownAddressSpace(PEPROCESS process) {
  TheState().user_views.UnmapAll(process);
  TheState().virtual_memory.ReleaseAll(process);
}

size_t UserViewsOf(PEPROCESS process) {
  return TheState().user_views.CountOf(process);
}

}  // namespace ring3::mm
