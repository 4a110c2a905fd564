// SPDX-License-Identifier: MIT
// ZwAllocateVirtualMemory and ZwFreeVirtualMemory: by process handle, so above Mm.
#include <ddi/zw.h>

#include "mm/address_space.h"
#include "ob/service.h"
#include "ps/state.h"

using namespace ring3;

namespace {

constexpr ACCESS_MASK kProcessVmOperation = 0x8;

Result<ob::Ref<_EPROCESS>> UseProcess(HANDLE handle) {
  return ob::ReferenceHandleAs<_EPROCESS>(handle, kProcessVmOperation, ps::g_process_type, KernelMode);
}

}  // namespace

extern "C" {

// Reserves or commits (MEM_*) `*byte_count` bytes at `*base`, both in and out. STATUS_INVALID_HANDLE,
// STATUS_OBJECT_TYPE_MISMATCH, STATUS_INVALID_PAGE_PROTECTION, STATUS_CONFLICTING_ADDRESSES,
// STATUS_NO_MEMORY, STATUS_INVALID_PARAMETER. PASSIVE_LEVEL. nf-ntifs-zwallocatevirtualmemory
NTSTATUS ZwAllocateVirtualMemory(HANDLE process_handle, PVOID* base, ULONG_PTR zero_bits, PSIZE_T byte_count,
                                 ULONG allocation_type, ULONG protect) {
  ke::ServiceScope scope(KernelMode);
  RING3_TRY_ASSIGN(auto process, UseProcess(process_handle));
  return mm::AllocateVirtualMemory(process.get(), base, zero_bits, byte_count, allocation_type, protect);
}

// MEM_DECOMMIT or MEM_RELEASE. STATUS_INVALID_HANDLE, STATUS_OBJECT_TYPE_MISMATCH,
// STATUS_FREE_VM_NOT_AT_BASE, STATUS_MEMORY_NOT_ALLOCATED. PASSIVE_LEVEL. nf-ntifs-zwfreevirtualmemory
NTSTATUS ZwFreeVirtualMemory(HANDLE process_handle, PVOID* base, PSIZE_T byte_count, ULONG free_type) {
  ke::ServiceScope scope(KernelMode);
  RING3_TRY_ASSIGN(auto process, UseProcess(process_handle));
  return mm::FreeVirtualMemory(process.get(), base, byte_count, free_type);
}

}  // extern "C"

RING3_NT_SERVICE(AllocateVirtualMemory);
RING3_NT_SERVICE(FreeVirtualMemory);
