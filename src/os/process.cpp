// SPDX-License-Identifier: MIT
#include "os/process.h"

#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <fstream>

#include <climits>
#include <spawn.h>
#include <sys/eventfd.h>
#include <sys/wait.h>
#include <unistd.h>

namespace ring3::os {

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

RunResult RunProgram(const std::vector<std::string>& command, std::vector<std::string> environment,
                     const std::string& notice_variable) {
  RunResult result;
  const int notice = eventfd(0, EFD_NONBLOCK);
  if (notice < 0) {
    result.error = std::strerror(errno);
    return result;
  }
  environment.push_back(notice_variable + "=" + std::to_string(notice));
  std::vector<char*> arguments;
  for (const std::string& argument : command) arguments.push_back(const_cast<char*>(argument.c_str()));
  arguments.push_back(nullptr);
  std::vector<char*> variables;
  for (const std::string& variable : environment) variables.push_back(const_cast<char*>(variable.c_str()));
  for (char** variable = environ; *variable != nullptr; ++variable) {
    bool replaced = false;
    for (const std::string& ours : environment) {
      const size_t name_length = ours.find('=') + 1;
      replaced = replaced || std::strncmp(*variable, ours.c_str(), name_length) == 0;
    }
    if (!replaced) variables.push_back(*variable);
  }
  variables.push_back(nullptr);

  // The program decides what an interrupt means; this process only reports how it ended.
  const auto interrupt = std::signal(SIGINT, SIG_IGN);
  const auto quit = std::signal(SIGQUIT, SIG_IGN);
  posix_spawnattr_t attributes;
  posix_spawnattr_init(&attributes);
  sigset_t defaults;
  sigemptyset(&defaults);
  sigaddset(&defaults, SIGINT);
  sigaddset(&defaults, SIGQUIT);
  posix_spawnattr_setsigdefault(&attributes, &defaults);
  posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGDEF);
  pid_t child = 0;
  const int error =
      posix_spawnp(&child, arguments[0], nullptr, &attributes, arguments.data(), variables.data());
  posix_spawnattr_destroy(&attributes);
  if (error != 0) {
    result.error = std::strerror(error);
    result.not_found = error == ENOENT;
  } else {
    int status = 0;
    while (waitpid(child, &status, 0) < 0 && errno == EINTR) {
    }
    if (WIFSIGNALED(status)) {
      result.signal = WTERMSIG(status);
      result.signal_name = strsignal(result.signal);
    } else {
      result.exit_status = WEXITSTATUS(status);
    }
  }
  std::signal(SIGINT, interrupt);
  std::signal(SIGQUIT, quit);
  uint64_t notices = 0;
  result.notified = read(notice, &notices, sizeof(notices)) == sizeof(notices);
  close(notice);
  return result;
}

}  // namespace ring3::os
