// SPDX-License-Identifier: MIT
#include "mm/address_space.h"
#include "nt/capture.h"
#include "nt/information.h"
#include "nt/process_handle.h"
#include "nt/table.h"
#include "nt/user_entry.h"

namespace ring3::nt {
namespace {

constexpr ACCESS_MASK kProcessVmOperation = 0x8;
constexpr ACCESS_MASK kProcessQueryInformation = 0x400;

// A service on a range that it rounds: captures the range, runs, and tells what the range became.
template <typename Service>
NTSTATUS OnRange(HANDLE process_handle, PVOID* user_base, PSIZE_T user_byte_count, Service service) {
  UserEntry entry;
  RING3_TRY(mm::ProbeUserRange(user_base, sizeof(*user_base), alignof(PVOID), mm::Access::kWrite));
  RING3_TRY(
      mm::ProbeUserRange(user_byte_count, sizeof(*user_byte_count), alignof(SIZE_T), mm::Access::kWrite));
  PVOID base = nullptr;
  SIZE_T byte_count = 0;
  RING3_TRY(Read(user_base, &base));
  RING3_TRY(Read(user_byte_count, &byte_count));
  RING3_TRY_ASSIGN(auto process, ReferenceProcess(process_handle, kProcessVmOperation));
  RING3_TRY(service(process.get(), &base, &byte_count));
  RING3_TRY(Write(user_base, base));
  return Write(user_byte_count, byte_count);
}

}  // namespace

NTSTATUS NtAllocateVirtualMemory(HANDLE process, PVOID* base, ULONG_PTR zero_bits, PSIZE_T byte_count,
                                 ULONG allocation_type, ULONG protect) {
  return OnRange(process, base, byte_count,
                 [&](PEPROCESS target, PVOID* captured_base, SIZE_T* captured_count) {
                   return mm::AllocateVirtualMemory(target, captured_base, zero_bits, captured_count,
                                                    allocation_type, protect);
                 });
}

NTSTATUS NtFreeVirtualMemory(HANDLE process, PVOID* base, PSIZE_T byte_count, ULONG free_type) {
  return OnRange(process, base, byte_count,
                 [&](PEPROCESS target, PVOID* captured_base, SIZE_T* captured_count) {
                   return mm::FreeVirtualMemory(target, captured_base, captured_count, free_type);
                 });
}

NTSTATUS NtProtectVirtualMemory(HANDLE process, PVOID* base, PSIZE_T byte_count, ULONG new_protect,
                                PULONG old_protect) {
  ULONG old = 0;
  const NTSTATUS status = OnRange(
      process, base, byte_count,
      [&](PEPROCESS target, PVOID* captured_base, SIZE_T* captured_count) -> Status {
        RING3_TRY(mm::ProbeUserRange(old_protect, sizeof(*old_protect), alignof(ULONG), mm::Access::kWrite));
        return mm::ProtectVirtualMemory(target, captured_base, captured_count, new_protect, &old);
      });
  if (!NT_SUCCESS(status)) return status;
  UserEntry entry;
  return Write(old_protect, old);
}

NTSTATUS NtQueryVirtualMemory(HANDLE process, PVOID base, ULONG information_class, PVOID information,
                              SIZE_T byte_count, PSIZE_T returned_byte_count) {
  UserEntry entry;
  if (information_class != kMemoryBasicInformation) return STATUS_INVALID_INFO_CLASS;
  if (byte_count < sizeof(MEMORY_BASIC_INFORMATION)) return STATUS_INFO_LENGTH_MISMATCH;
  RING3_TRY_ASSIGN(auto target, ReferenceProcess(process, kProcessQueryInformation));
  MEMORY_BASIC_INFORMATION found = {};
  RING3_TRY(mm::QueryVirtualMemory(target.get(), base, &found));
  RING3_TRY(Write(static_cast<MEMORY_BASIC_INFORMATION*>(information), found));
  return WriteOptional(returned_byte_count, SIZE_T{sizeof(found)});
}

}  // namespace ring3::nt
