// SPDX-License-Identifier: MIT
// Compiled without sanitizers: a new thread comes through here before its sanitizer knows it. So Run calls
// nothing that is instrumented or replaced, not even a function of ours in another file. ThreadSanitizer
// stands no code at all before its own: with it, a thread is known from its first service on.
#include "os/interposed_threads.h"

#include <dlfcn.h>
#include <linux/futex.h>
#include <pthread.h>
#include <sys/syscall.h>

#include <atomic>

#include "os/futex.h"
#include "os/memory.h"

extern "C" __attribute__((weak)) void __tsan_init();

namespace ring3::os {
namespace {

// A living thread, in its own memory.
struct Registration {
  uintptr_t frame = 0;  // an address of its stack
  Registration* next = nullptr;
  Registration** link = nullptr;
};

bool g_locked = false;
Registration* g_first = nullptr;  // guarded by g_locked

void Lock() {
  while (__atomic_exchange_n(&g_locked, true, __ATOMIC_ACQUIRE)) __builtin_ia32_pause();
}
void Unlock() {
  __atomic_store_n(&g_locked, false, __ATOMIC_RELEASE);
}

thread_local constinit Registration t_registration;
pthread_key_t g_end_key;
pthread_once_t g_end_key_once = PTHREAD_ONCE_INIT;

// After the destructors of the thread's C++ objects, which may register it otherwise for good.
void EndRegistration(void*) {
  Registration& own = t_registration;
  Lock();
  *own.link = own.next;
  if (own.next != nullptr) own.next->link = own.link;
  own.link = nullptr;
  Unlock();
}

void MakeEndKey() {
  pthread_key_create(&g_end_key, EndRegistration);
}

__attribute__((noinline)) void RegisterThisThread() {
  Registration& own = t_registration;
  if (own.link != nullptr) return;
  pthread_once(&g_end_key_once, MakeEndKey);
  pthread_setspecific(g_end_key, &own);
  own.frame = reinterpret_cast<uintptr_t>(__builtin_frame_address(0));
  Lock();
  own.next = g_first;
  if (own.next != nullptr) own.next->link = &own.next;
  own.link = &g_first;
  g_first = &own;
  Unlock();
}

// The mapping that a thread stands on. The main thread's grows, and is as large as it is now.
StackRange StackAt(uintptr_t frame) {
  static RegionMap& regions = *new RegionMap;
  static const bool opened = regions.Open().ok();
  Region region;
  if (!opened || !regions.Find(frame, &region)) return {0, 0};
  return {region.start, region.end};
}

// What a new thread is to run; on the stack of its creator, who waits until it has been taken.
struct Start {
  void* (*routine)(void*);
  void* argument;
  std::atomic<uint32_t> taken{0};
};

void Wake(std::atomic<uint32_t>* word) {
  register long r10 __asm__("r10") = 0;
  long result = SYS_futex;
  __asm__ volatile("syscall"
                   : "+a"(result)
                   : "D"(word), "S"(FUTEX_WAKE_PRIVATE), "d"(1), "r"(r10)
                   : "rcx", "r11", "memory");
}

void* Run(void* opaque) {
  auto* const start = static_cast<Start*>(opaque);
  void* (*const routine)(void*) = start->routine;
  void* const argument = start->argument;
  __atomic_store_n(reinterpret_cast<uint32_t*>(&start->taken), 1u, __ATOMIC_RELEASE);
  // A creator that has gone on by itself has no such word any more: nobody is woken.
  Wake(&start->taken);
  RegisterThisThread();
  return routine(argument);
}

__attribute__((constructor)) void RegisterMainThread() {
  RegisterThisThread();
}

}  // namespace

StackRange StackOfThisThread() {
  RegisterThisThread();
  return StackAt(t_registration.frame);
}

bool IsInAnyStack(uintptr_t start, size_t byte_count) {
  bool is_in = false;
  Lock();
  for (const Registration* each = g_first; each != nullptr && !is_in; each = each->next) {
    const StackRange stack = StackAt(each->frame);
    is_in = stack.low < start + byte_count && start < stack.high;
  }
  Unlock();
  return is_in;
}

}  // namespace ring3::os

extern "C" __attribute__((visibility("default"))) int pthread_create(pthread_t* thread,
                                                                     const pthread_attr_t* attributes,
                                                                     void* (*routine)(void*),
                                                                     void* argument) {
  using namespace ring3::os;
  using Function = int (*)(pthread_t*, const pthread_attr_t*, void* (*)(void*), void*);
  static const auto next = reinterpret_cast<Function>(dlsym(RTLD_NEXT, "pthread_create"));
  if (__tsan_init != nullptr) return next(thread, attributes, routine, argument);
  Start start{routine, argument};
  const int error = next(thread, attributes, Run, &start);
  while (error == 0 && start.taken.load(std::memory_order_acquire) == 0) FutexWait(start.taken, 0);
  return error;
}
