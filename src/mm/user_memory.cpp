// SPDX-License-Identifier: MIT
#include "mm/user_memory.h"

#include "ke/room.h"
#include "mm/state.h"
#include "ntstatus.h"
#include "os/guarded_copy.h"

namespace ring3::mm {

thread_local constinit InlineMemory* t_inline_memory = nullptr;

namespace {

uintptr_t AddressOf(const volatile void* pointer) {
  return reinterpret_cast<uintptr_t>(pointer);
}

Status StatusOf(bool accessed) {
  return accessed ? STATUS_SUCCESS : STATUS_ACCESS_VIOLATION;
}

// Driver code may have written to the memory at its own address (mm/user_window.h), and may look there again.
template <typename Call>
Status Outside(Call call) {
  const ke::OutOfRoomScope outside(ke::CurrentThread());
  return StatusOf(call());
}

}  // namespace

Status CopyFromUser(void* destination, const volatile void* user_source, size_t byte_count) {
  if (!IsUserRange(AddressOf(user_source), byte_count)) return STATUS_ACCESS_VIOLATION;
  if (byte_count == 0) return STATUS_SUCCESS;
  if (AddressSpace* client = CurrentClientSpace(); __builtin_expect(client != nullptr, false))
    return Outside([&] { return client->Read(destination, AddressOf(user_source), byte_count); });
  return StatusOf(os::GuardedCopy(destination, const_cast<const void*>(user_source), byte_count));
}

Status CopyToUser(volatile void* user_destination, const void* source, size_t byte_count) {
  if (!IsUserRange(AddressOf(user_destination), byte_count)) return STATUS_ACCESS_VIOLATION;
  if (byte_count == 0) return STATUS_SUCCESS;
  if (AddressSpace* client = CurrentClientSpace(); __builtin_expect(client != nullptr, false))
    return Outside([&] { return client->Write(AddressOf(user_destination), source, byte_count); });
  return StatusOf(os::GuardedCopy(const_cast<void*>(user_destination), source, byte_count));
}

Status FillUser(volatile void* user_destination, uint8_t value, size_t byte_count) {
  if (!IsUserRange(AddressOf(user_destination), byte_count)) return STATUS_ACCESS_VIOLATION;
  if (byte_count == 0) return STATUS_SUCCESS;
  if (AddressSpace* client = CurrentClientSpace(); __builtin_expect(client != nullptr, false))
    return Outside([&] { return client->Fill(AddressOf(user_destination), value, byte_count); });
  return StatusOf(os::GuardedFill(const_cast<void*>(user_destination), value, byte_count));
}

Status ProbeUserRange(const volatile void* address, size_t length, size_t alignment) {
  if (length == 0) return STATUS_SUCCESS;
  if ((AddressOf(address) & (alignment - 1)) != 0) return STATUS_DATATYPE_MISALIGNMENT;
  return StatusOf(IsUserRange(AddressOf(address), length));
}

Status ProbeUserRange(const volatile void* address, size_t length, size_t alignment, Access access) {
  RING3_TRY(ProbeUserRange(address, length, alignment));
  if (length == 0) return STATUS_SUCCESS;
  return StatusOf(CurrentSpace().Grants(AddressOf(address), AddressOf(address) + length, access));
}

Status ProbeUserWrite(volatile void* address, size_t length) {
  RING3_TRY(ProbeUserRange(address, length, 1));
  // Up to here a touch of each page costs less than a question to Linux.
  constexpr size_t kTouchBytes = 16 * kPageBytes;
  if (length > kTouchBytes || CurrentClientSpace() != nullptr)
    return ProbeUserRange(address, length, 1, Access::kWrite);
  const uintptr_t start = AddressOf(address);
  for (uintptr_t at = start; at < start + length; at = (at & ~(kPageBytes - 1)) + kPageBytes) {
    if (!os::GuardedProbeWriteByte(reinterpret_cast<volatile void*>(at))) return STATUS_ACCESS_VIOLATION;
  }
  return STATUS_SUCCESS;
}

}  // namespace ring3::mm
