// SPDX-License-Identifier: MIT
#include "os/end_process.h"

#include <signal.h>
#include <stdio.h>
#include <unistd.h>

#include <atomic>

#include "os/raw_output.h"

extern "C" {
__attribute__((weak)) int __llvm_profile_write_file(void);
__attribute__((weak)) void __gcov_dump(void);
}

namespace ring3::os {
namespace {

std::atomic<int> g_exit_status{0};

void OnAlarm(int) {
  RawOutput("\nring3: the report did not finish in time\n");
  _exit(g_exit_status.load());
}

}  // namespace

void EndProcess(int exit_status) {
  _exit(exit_status);
}

void FlushAndEndProcess(int exit_status) {
  fflush(stdout);
  fflush(stderr);
  if (__llvm_profile_write_file != nullptr) __llvm_profile_write_file();
  if (__gcov_dump != nullptr) __gcov_dump();
  _exit(exit_status);
}

void EndProcessAfter(unsigned seconds, int exit_status) {
  g_exit_status.store(exit_status);
  struct sigaction action = {};
  action.sa_handler = OnAlarm;
  sigaction(SIGALRM, &action, nullptr);
  sigset_t alarm_only;
  sigemptyset(&alarm_only);
  sigaddset(&alarm_only, SIGALRM);
  pthread_sigmask(SIG_UNBLOCK, &alarm_only, nullptr);
  alarm(seconds);
}

void SleepForever() {
  for (;;) pause();
}

}  // namespace ring3::os
