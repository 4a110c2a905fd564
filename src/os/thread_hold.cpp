// SPDX-License-Identifier: MIT
#include "os/thread_hold.h"

#include <errno.h>
#include <signal.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <atomic>

namespace ring3::os {
namespace {

std::atomic<HoldRoutine> g_routine{nullptr};

// One that neither shells nor debuggers nor programs are likely to use.
int HoldSignal() {
  return SIGRTMAX - 6;
}

void OnHold(int) {
  const int saved_errno = errno;
  if (HoldRoutine routine = g_routine.load(std::memory_order_acquire); routine != nullptr) routine();
  errno = saved_errno;
}

}  // namespace

void SetHoldRoutine(HoldRoutine routine) {
  g_routine.store(routine, std::memory_order_release);
  if (routine == nullptr) return;
  // Stays: a signal may be under way whenever it is taken back.
  struct sigaction action = {};
  action.sa_handler = OnHold;
  action.sa_flags = SA_RESTART | SA_ONSTACK;
  sigaction(HoldSignal(), &action, nullptr);
}

void HoldThread(int os_thread_id) {
  syscall(SYS_tgkill, getpid(), os_thread_id, HoldSignal());
}

}  // namespace ring3::os
