// SPDX-License-Identifier: MIT
#include "os/fault_handler.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>

#include <atomic>

#include "os/fault_context.h"

extern "C" const char ring3_guarded_begin[];
extern "C" const char ring3_guarded_end[];
extern "C" const char ring3_guarded_fault[];

namespace ring3::os {
namespace {

constexpr int kSignals[] = {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGTRAP};
constexpr int kSignalCount = sizeof(kSignals) / sizeof(kSignals[0]);
constexpr int kMostMemoryHooks = 8;

struct sigaction g_previous[kSignalCount];
pthread_mutex_t g_install_mutex = PTHREAD_MUTEX_INITIALIZER;
int g_install_count = 0;

std::atomic<MemoryFaultHook> g_memory_hooks[kMostMemoryHooks];
std::atomic<UnhandledExceptionHook> g_unhandled_hook{nullptr};
std::atomic<KernelModeQuery> g_kernel_mode_query{nullptr};
std::atomic<ExceptionStage> g_exception_stage{nullptr};
thread_local constinit uintptr_t t_pass_through = 0;

bool FixGuardedAccess(const HardwareFault& fault) {
  uintptr_t pc = fault.memory.pc;
  if (pc < reinterpret_cast<uintptr_t>(ring3_guarded_begin) ||
      pc >= reinterpret_cast<uintptr_t>(ring3_guarded_end))
    return false;
  SetInstructionPointer(fault, reinterpret_cast<uintptr_t>(ring3_guarded_fault), fault.memory.address);
  return true;
}

bool OfferToMemoryHooks(const HardwareFault& fault) {
  if (fault.signal != SIGSEGV && fault.signal != SIGBUS) return false;
  for (auto& slot : g_memory_hooks) {
    MemoryFaultHook hook = slot.load(std::memory_order_acquire);
    if (hook != nullptr && hook(fault.memory)) return true;
  }
  return false;
}

// Whoever had the signal before us. The default action happens when the instruction faults again.
void CallPrevious(int signal, siginfo_t* info, void* ucontext) {
  for (int i = 0; i < kSignalCount; ++i) {
    if (kSignals[i] != signal) continue;
    const struct sigaction& previous = g_previous[i];
    if ((previous.sa_flags & SA_SIGINFO) != 0) {
      previous.sa_sigaction(signal, info, ucontext);
    } else if (previous.sa_handler == SIG_DFL || previous.sa_handler == SIG_IGN) {
      struct sigaction action = {};
      action.sa_handler = SIG_DFL;
      sigaction(signal, &action, nullptr);
      // Neither a signal that somebody sent nor an int3 comes again by itself.
      if (info->si_code <= 0 || signal == SIGTRAP) raise(signal);
    } else {
      previous.sa_handler(signal);
    }
    return;
  }
}

void OnSignal(int signal, siginfo_t* info, void* ucontext) {
  int saved_errno = errno;
  HardwareFault fault = DescribeFault(signal, info, ucontext);
  bool sent = info->si_code <= 0;
  bool single_step = signal == SIGTRAP && info->si_code != SI_KERNEL && info->si_code != TRAP_BRKPT;
  // A guarded access to lazily filled memory is filled first.
  bool handled = !sent && (OfferToMemoryHooks(fault) || FixGuardedAccess(fault));
  if (!handled && !sent && !single_step) {
    uintptr_t pc = signal == SIGTRAP ? fault.memory.pc - 1 : fault.memory.pc;
    ExceptionStage stage = g_exception_stage.load(std::memory_order_acquire);
    if (t_pass_through != 0 && t_pass_through == pc) {
      t_pass_through = 0;
    } else {
      handled = stage != nullptr && stage(fault);
    }
  }
  if (!handled) CallPrevious(signal, info, ucontext);
  errno = saved_errno;
}

}  // namespace

void InstallFaultHandlers() {
  PrepareThreadForFaults();
  pthread_mutex_lock(&g_install_mutex);
  if (g_install_count++ == 0) {
    for (int i = 0; i < kSignalCount; ++i) {
      struct sigaction action = {};
      action.sa_sigaction = OnSignal;
      // A memory hook may itself touch memory that another hook fills.
      action.sa_flags = SA_SIGINFO | SA_ONSTACK | SA_NODEFER;
      sigaction(kSignals[i], &action, &g_previous[i]);
    }
  }
  pthread_mutex_unlock(&g_install_mutex);
}

void RemoveFaultHandlers() {
  pthread_mutex_lock(&g_install_mutex);
  if (--g_install_count == 0) {
    for (int i = 0; i < kSignalCount; ++i) sigaction(kSignals[i], &g_previous[i], nullptr);
  }
  pthread_mutex_unlock(&g_install_mutex);
}

bool AddMemoryFaultHook(MemoryFaultHook hook) {
  for (auto& slot : g_memory_hooks) {
    MemoryFaultHook free = nullptr;
    if (slot.compare_exchange_strong(free, hook, std::memory_order_acq_rel)) return true;
  }
  return false;
}

void RemoveMemoryFaultHook(MemoryFaultHook hook) {
  for (auto& slot : g_memory_hooks) {
    MemoryFaultHook expected = hook;
    if (slot.compare_exchange_strong(expected, nullptr, std::memory_order_acq_rel)) return;
  }
}

void SetUnhandledExceptionHook(UnhandledExceptionHook hook) {
  g_unhandled_hook.store(hook, std::memory_order_release);
}
void SetKernelModeQuery(KernelModeQuery query) {
  g_kernel_mode_query.store(query, std::memory_order_release);
}
void SetExceptionStage(ExceptionStage stage) {
  g_exception_stage.store(stage, std::memory_order_release);
}
void PassThrough(uintptr_t pc) {
  t_pass_through = pc;
}

bool InKernelMode() {
  KernelModeQuery query = g_kernel_mode_query.load(std::memory_order_acquire);
  return query != nullptr && query();
}

UnhandledExceptionHook CurrentUnhandledExceptionHook() {
  return g_unhandled_hook.load(std::memory_order_acquire);
}

}  // namespace ring3::os
