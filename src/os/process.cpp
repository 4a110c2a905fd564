// SPDX-License-Identifier: MIT
#include "os/process.h"

#include <csignal>
#include <cstdlib>
#include <fstream>

#include <climits>
#include <pthread.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

namespace ring3::os {

int CurrentProcessId() {
  return getpid();
}

std::string CurrentDirectory() {
  char buffer[PATH_MAX];
  return getcwd(buffer, sizeof(buffer)) == nullptr ? "/" : buffer;
}

std::string ExecutablePath() {
  char buffer[PATH_MAX];
  const ssize_t length = readlink("/proc/self/exe", buffer, sizeof(buffer));
  return length <= 0 ? "" : std::string(buffer, static_cast<size_t>(length));
}

std::vector<std::string> CommandLine() {
  std::ifstream file("/proc/self/cmdline", std::ios::binary);
  std::vector<std::string> arguments;
  for (std::string argument; std::getline(file, argument, '\0');) arguments.push_back(argument);
  return arguments;
}

void NotifyStarter(const char* notice_variable) {
  const char* const descriptor = std::getenv(notice_variable);
  if (descriptor == nullptr) return;
  const int notice = std::atoi(descriptor);
  // Programs that this one starts have another file at this number.
  unsetenv(notice_variable);
  constexpr uint64_t kOne = 1;
  [[maybe_unused]] const ssize_t written = write(notice, &kOne, sizeof(kOne));
  close(notice);
}

void CallAroundForks(void (*before)(), void (*in_parent)(), void (*in_child)()) {
  pthread_atfork(before, in_parent, in_child);
}

void LetInspect(int process_id) {
  prctl(PR_SET_PTRACER, static_cast<unsigned long>(process_id), 0, 0, 0);
}

void AllowManyDescriptors() {
  rlimit limit;
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
  limit.rlim_cur = limit.rlim_max;
  setrlimit(RLIMIT_NOFILE, &limit);
}

void BlockApplicationSignals() {
  sigset_t signals;
  sigfillset(&signals);
  for (int fault : {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGTRAP, SIGABRT}) sigdelset(&signals, fault);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
}

}  // namespace ring3::os
