// SPDX-License-Identifier: MIT
// https://learn.microsoft.com/windows/win32/procthread/thread-local-storage
#include "win32/win32.h"

#include <array>
#include <atomic>

namespace ring3::win32 {
namespace {

constexpr DWORD kSlots = 1088;

// An index' generation is odd while it is allocated; a value of another generation is some earlier owner's
// and counts as null.
std::array<std::atomic<uint32_t>, kSlots> g_generations;

struct Slot {
  PVOID value;
  uint32_t generation;
};
thread_local std::array<Slot, kSlots> t_slots;

}  // namespace

extern "C" {

// A slot begins as null in every thread. ERROR_NO_SYSTEM_RESOURCES when all are taken.
DWORD TlsAlloc() {
  for (DWORD index = 0; index < kSlots; ++index) {
    uint32_t generation = g_generations[index].load(std::memory_order_relaxed);
    if (generation % 2 == 0 && g_generations[index].compare_exchange_strong(generation, generation + 1))
      return index;
  }
  FailWith(ERROR_NO_SYSTEM_RESOURCES);
  return TLS_OUT_OF_INDEXES;
}

BOOL TlsFree(DWORD dwTlsIndex) {
  if (dwTlsIndex >= kSlots) return FailWith(ERROR_INVALID_PARAMETER);
  uint32_t generation = g_generations[dwTlsIndex].load(std::memory_order_relaxed);
  const bool freed =
      generation % 2 == 1 && g_generations[dwTlsIndex].compare_exchange_strong(generation, generation + 1);
  return freed ? TRUE : FailWith(ERROR_INVALID_PARAMETER);
}

// Success sets the last error as well, so that a null value can be told from a failure.
LPVOID TlsGetValue(DWORD dwTlsIndex) {
  if (dwTlsIndex >= kSlots) {
    FailWith(ERROR_INVALID_PARAMETER);
    return nullptr;
  }
  SetLastError(ERROR_SUCCESS);
  const Slot& slot = t_slots[dwTlsIndex];
  return slot.generation == g_generations[dwTlsIndex].load(std::memory_order_relaxed) ? slot.value : nullptr;
}

BOOL TlsSetValue(DWORD dwTlsIndex, LPVOID lpTlsValue) {
  if (dwTlsIndex >= kSlots) return FailWith(ERROR_INVALID_PARAMETER);
  t_slots[dwTlsIndex] = {lpTlsValue, g_generations[dwTlsIndex].load(std::memory_order_relaxed)};
  return TRUE;
}

}  // extern "C"

}  // namespace ring3::win32
