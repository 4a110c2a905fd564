// SPDX-License-Identifier: MIT
#include "os/thread.h"

#include <pthread.h>
#include <sched.h>
#include <string.h>
#include <linux/membarrier.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cstdlib>
#include <memory>

#include "base/fault_injection.h"

namespace ring3::os {
namespace {

constexpr NTSTATUS kInsufficientResources = static_cast<NTSTATUS>(0xC000009A);
constexpr size_t kNameBytes = 16;
constexpr size_t kLeastStackBytes = 64 * 1024;

struct Start {
  Thread::Body body;
  void* argument;
  char name[kNameBytes];
};

void* Run(void* opaque) {
  std::unique_ptr<Start> start(static_cast<Start*>(opaque));
  SetCurrentThreadName(start->name);
  Thread::Body body = start->body;
  void* argument = start->argument;
  // The body may end the thread with ExitCurrentThread.
  start.reset();
  body(argument);
  return nullptr;
}

// The processors this process may use, in rising order.
struct Processors {
  Processors() {
    cpu_set_t set;
    CPU_ZERO(&set);
    if (sched_getaffinity(0, sizeof(set), &set) == 0) {
      for (int cpu = 0; cpu < CPU_SETSIZE; ++cpu) {
        if (!CPU_ISSET(cpu, &set)) continue;
        number_of[cpu] = static_cast<uint16_t>(count);
        cpu_of[count++] = static_cast<uint16_t>(cpu);
      }
    }
    if (count == 0) count = 1;
  }
  uint32_t count = 0;
  uint16_t cpu_of[CPU_SETSIZE] = {};
  uint16_t number_of[CPU_SETSIZE] = {};
};

const Processors& TheProcessors() {
  static const Processors processors;
  return processors;
}

}  // namespace

Result<Thread> Thread::Create(const char* name, Body body, void* argument, size_t stack_bytes) {
  if (ShouldFail("thread")) return kInsufficientResources;
  auto start = std::make_unique<Start>();
  start->body = body;
  start->argument = argument;
  strncpy(start->name, name, kNameBytes - 1);
  pthread_attr_t attributes;
  pthread_attr_init(&attributes);
  if (stack_bytes != 0) {
    pthread_attr_setstacksize(&attributes, stack_bytes < kLeastStackBytes ? kLeastStackBytes : stack_bytes);
  }
  pthread_t handle;
  int rc = pthread_create(&handle, &attributes, Run, start.get());
  pthread_attr_destroy(&attributes);
  if (rc != 0) return kInsufficientResources;
  start.release();
  Thread thread;
  thread.handle_ = handle;
  return thread;
}

Thread& Thread::operator=(Thread&& other) noexcept {
  if (joinable()) std::abort();
  handle_ = std::exchange(other.handle_, 0);
  return *this;
}

Thread::~Thread() {
  if (joinable()) std::abort();
}

void Thread::Join() {
  pthread_join(handle_, nullptr);
  handle_ = 0;
}

void Thread::Detach() {
  pthread_detach(handle_);
  handle_ = 0;
}

void AtThreadEnd::Arm(void* argument) {
  int64_t key = key_.load(std::memory_order_acquire);
  if (key < 0) {
    pthread_key_t made;
    if (pthread_key_create(&made, routine_) != 0) abort();
    if (key_.compare_exchange_strong(key, made, std::memory_order_acq_rel)) {
      key = made;
    } else {
      pthread_key_delete(made);
    }
  }
  if (pthread_setspecific(static_cast<pthread_key_t>(key), argument) != 0) abort();
}

uint32_t CurrentTid() {
  static thread_local uint32_t tid = static_cast<uint32_t>(gettid());
  return tid;
}

void SetCurrentThreadName(const char* name) {
  char shortened[kNameBytes] = {};
  strncpy(shortened, name, kNameBytes - 1);
  pthread_setname_np(pthread_self(), shortened);
}

void YieldThread() {
  sched_yield();
}

void ExitCurrentThread() {
  pthread_exit(nullptr);
}

void BarrierOnAllThreads() {
  static const bool registered =
      syscall(SYS_membarrier, MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED, 0, 0) == 0;
  const int command = registered ? MEMBARRIER_CMD_PRIVATE_EXPEDITED : MEMBARRIER_CMD_GLOBAL;
  if (syscall(SYS_membarrier, command, 0, 0) != 0) abort();
}

void ParkForEver() {
  for (;;) pause();
}

uint32_t ProcessorCount() {
  return TheProcessors().count;
}

uint32_t CurrentProcessor() {
  int cpu = sched_getcpu();
  return cpu < 0 || cpu >= CPU_SETSIZE ? 0 : TheProcessors().number_of[cpu];
}

bool SetCurrentThreadAffinity(uint64_t mask) {
  cpu_set_t set;
  CPU_ZERO(&set);
  for (uint32_t i = 0; i < ProcessorCount() && i < 64; ++i) {
    if ((mask & (1ull << i)) != 0) CPU_SET(TheProcessors().cpu_of[i], &set);
  }
  return sched_setaffinity(0, sizeof(set), &set) == 0;
}

}  // namespace ring3::os
