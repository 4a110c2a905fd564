// SPDX-License-Identifier: MIT
#include "os/thread_stack.h"

#include <pthread.h>

namespace ring3::os {

StackLimits CurrentStackLimits() {
  static thread_local StackLimits limits;
  if (limits.high != 0) return limits;
  pthread_attr_t attributes;
  if (pthread_getattr_np(pthread_self(), &attributes) != 0) return limits;
  void* base = nullptr;
  size_t byte_count = 0;
  if (pthread_attr_getstack(&attributes, &base, &byte_count) == 0) {
    limits = {reinterpret_cast<uintptr_t>(base), reinterpret_cast<uintptr_t>(base) + byte_count};
  }
  pthread_attr_destroy(&attributes);
  return limits;
}

}  // namespace ring3::os
