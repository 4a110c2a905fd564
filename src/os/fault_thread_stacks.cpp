// SPDX-License-Identifier: MIT
#include "os/fault_thread_stacks.h"

#include <pthread.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "os/fault_handler.h"
#include "os/raw_memory.h"

namespace ring3::os {
namespace {

constexpr size_t kGuardBytes = 4096;
constexpr size_t kSignalStackBytes = 64 * 1024;
constexpr size_t kEnoughSignalStackBytes = 16 * 1024;

struct ThreadStacks {
  DispatchStack dispatch[kDispatchStackCount];
  void* signal_stack = nullptr;
  StackBounds bounds = {0, 0};
  bool prepared = false;
  bool ending = false;
};

thread_local constinit ThreadStacks t_stacks;
pthread_key_t g_cleanup_key;
pthread_once_t g_cleanup_once = PTHREAD_ONCE_INIT;

void FreeStacks(void*) {
  ThreadStacks& stacks = t_stacks;
  // What else is done at the thread's end may fault: the second time round.
  if (!stacks.ending) {
    stacks.ending = true;
    pthread_setspecific(g_cleanup_key, &stacks);
    return;
  }
  if (stacks.signal_stack != nullptr) {
    stack_t current = {};
    sigaltstack(nullptr, &current);
    if (current.ss_sp == stacks.signal_stack) {
      stack_t none = {};
      none.ss_flags = SS_DISABLE;
      sigaltstack(&none, nullptr);
    }
    RawUnmap(stacks.signal_stack, kSignalStackBytes);
    stacks.signal_stack = nullptr;
  }
  for (DispatchStack& stack : stacks.dispatch) {
    if (stack.low == 0) continue;
    RawUnmap(reinterpret_cast<void*>(stack.low - kGuardBytes), kDispatchStackBytes + kGuardBytes);
    stack = {};
  }
  stacks.prepared = false;
}

void MakeCleanupKey() {
  pthread_key_create(&g_cleanup_key, FreeStacks);
}

// As libc does: hooks of the executive run on these stacks, and ThreadSanitizer is to know that whatever was
// there before is gone.
void* MapStack(size_t byte_count) {
  void* const memory =
      mmap(nullptr, byte_count, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  return memory == MAP_FAILED ? nullptr : memory;
}

}  // namespace

DispatchStack& DispatchStackAt(int index) {
  DispatchStack& stack = t_stacks.dispatch[index];
  if (stack.low == 0) {
    void* memory = MapStack(kDispatchStackBytes + kGuardBytes);
    if (memory == nullptr) return stack;
    syscall(SYS_mprotect, memory, kGuardBytes, PROT_NONE);
    stack.low = reinterpret_cast<uintptr_t>(memory) + kGuardBytes;
    stack.high = stack.low + kDispatchStackBytes;
  }
  return stack;
}

void PrepareThreadForFaults() {
  ThreadStacks& stacks = t_stacks;
  if (stacks.prepared) return;
  stacks.prepared = true;
  pthread_once(&g_cleanup_once, MakeCleanupKey);
  pthread_setspecific(g_cleanup_key, &stacks);
  DispatchStackAt(0);
  // A sanitizer may have given the thread an alternate stack, and will take that back itself.
  stack_t current = {};
  if (sigaltstack(nullptr, &current) == 0 &&
      ((current.ss_flags & SS_DISABLE) != 0 || current.ss_size < kEnoughSignalStackBytes)) {
    stacks.signal_stack = MapStack(kSignalStackBytes);
    if (stacks.signal_stack != nullptr) {
      stack_t own = {};
      own.ss_sp = stacks.signal_stack;
      own.ss_size = kSignalStackBytes;
      sigaltstack(&own, nullptr);
    }
  }
  pthread_attr_t attributes;
  if (pthread_getattr_np(pthread_self(), &attributes) == 0) {
    void* low = nullptr;
    size_t byte_count = 0;
    pthread_attr_getstack(&attributes, &low, &byte_count);
    stacks.bounds = {reinterpret_cast<uintptr_t>(low), reinterpret_cast<uintptr_t>(low) + byte_count};
    pthread_attr_destroy(&attributes);
  }
}

StackBounds CurrentStackBounds() {
  return t_stacks.bounds;
}

}  // namespace ring3::os
