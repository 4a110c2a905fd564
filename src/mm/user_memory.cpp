// SPDX-License-Identifier: MIT
#include "mm/user_memory.h"

#include "mm/state.h"
#include "ntstatus.h"
#include "os/guarded_copy.h"

namespace ring3::mm {
namespace {

uintptr_t AddressOf(const volatile void* pointer) {
  return reinterpret_cast<uintptr_t>(pointer);
}

}  // namespace

Status CopyFromUser(void* destination, const volatile void* user_source, size_t byte_count) {
  if (!IsUserRange(AddressOf(user_source), byte_count)) return STATUS_ACCESS_VIOLATION;
  if (byte_count == 0) return STATUS_SUCCESS;
  return os::GuardedCopy(destination, const_cast<const void*>(user_source), byte_count)
             ? STATUS_SUCCESS
             : STATUS_ACCESS_VIOLATION;
}

Status CopyToUser(volatile void* user_destination, const void* source, size_t byte_count) {
  if (!IsUserRange(AddressOf(user_destination), byte_count)) return STATUS_ACCESS_VIOLATION;
  if (byte_count == 0) return STATUS_SUCCESS;
  return os::GuardedCopy(const_cast<void*>(user_destination), source, byte_count) ? STATUS_SUCCESS
                                                                                  : STATUS_ACCESS_VIOLATION;
}

Status FillUser(volatile void* user_destination, uint8_t value, size_t byte_count) {
  if (!IsUserRange(AddressOf(user_destination), byte_count)) return STATUS_ACCESS_VIOLATION;
  if (byte_count == 0) return STATUS_SUCCESS;
  return os::GuardedFill(const_cast<void*>(user_destination), value, byte_count) ? STATUS_SUCCESS
                                                                                 : STATUS_ACCESS_VIOLATION;
}

Status ProbeUserRange(const volatile void* address, size_t length, size_t alignment) {
  if (length == 0) return STATUS_SUCCESS;
  if ((AddressOf(address) & (alignment - 1)) != 0) return STATUS_DATATYPE_MISALIGNMENT;
  return IsUserRange(AddressOf(address), length) ? STATUS_SUCCESS : STATUS_ACCESS_VIOLATION;
}

Status ProbeUserRange(const volatile void* address, size_t length, size_t alignment, Access access) {
  RING3_TRY(ProbeUserRange(address, length, alignment));
  if (length == 0) return STATUS_SUCCESS;
  return GrantsAccess(AddressOf(address), AddressOf(address) + length, access) ? STATUS_SUCCESS
                                                                               : STATUS_ACCESS_VIOLATION;
}

}  // namespace ring3::mm
