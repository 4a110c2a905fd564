// SPDX-License-Identifier: MIT
#pragma once

// ThreadSanitizer's, in an application that is built with it.
extern "C" __attribute__((weak)) void __tsan_release(void* address);
extern "C" __attribute__((weak)) void __tsan_acquire(void* address);

// Two threads of an application may be ordered by what the executive does for them (an event, a thread's end,
// a completion, memory that one has mapped for the other), of which ThreadSanitizer sees nothing here: to it,
// the end of every service is ordered after the beginning of every earlier one and after every earlier order.
namespace ring3::transport {

inline char g_order_of_services;

inline void ReleaseToServices() {
  if (__tsan_release != nullptr) __tsan_release(&g_order_of_services);
}
inline void AcquireFromServices() {
  if (__tsan_acquire != nullptr) __tsan_acquire(&g_order_of_services);
}

}  // namespace ring3::transport
