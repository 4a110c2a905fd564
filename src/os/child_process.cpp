// SPDX-License-Identifier: MIT
#include "os/child_process.h"

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <utility>

#include <poll.h>
#include <spawn.h>
#include <sys/eventfd.h>
#include <sys/personality.h>
#include <sys/signalfd.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

namespace ring3::os {
namespace {

constexpr unsigned long kAskPersonality = 0xffffffff;

// Signals that a SignalQueue blocks in this process, which is nothing to its children.
sigset_t* QueuedSignals() {
  static sigset_t queued = [] {
    sigset_t none;
    sigemptyset(&none);
    return none;
  }();
  return &queued;
}

std::vector<char*> Pointers(const std::vector<std::string>& strings) {
  std::vector<char*> pointers;
  for (const std::string& string : strings) pointers.push_back(const_cast<char*>(string.c_str()));
  pointers.push_back(nullptr);
  return pointers;
}

std::vector<std::string> MergedEnvironment(const std::vector<std::string>& ours) {
  std::vector<std::string> merged;
  for (const std::string& variable : ours) {
    if (variable.find('=') != variable.npos) merged.push_back(variable);
  }
  for (char** variable = environ; *variable != nullptr; ++variable) {
    const std::string theirs = *variable;
    const std::string name = theirs.substr(0, theirs.find('='));
    const bool replaced = std::any_of(ours.begin(), ours.end(),
                                      [&](const std::string& o) { return o.substr(0, o.find('=')) == name; });
    if (!replaced) merged.push_back(theirs);
  }
  return merged;
}

// The personality of the calling thread, which what it starts inherits.
class LayoutScope {
 public:
  explicit LayoutScope(ProgramStart::Layout layout) {
    if (layout == ProgramStart::Layout::kUsual) return;
    const int now = personality(kAskPersonality);
    if (now == -1) return;
    before_ = now;
    personality(static_cast<unsigned long>(now) | ADDR_COMPAT_LAYOUT);
  }
  ~LayoutScope() {
    if (before_ != -1) personality(static_cast<unsigned long>(before_));
  }
  LayoutScope(const LayoutScope&) = delete;
  LayoutScope& operator=(const LayoutScope&) = delete;

 private:
  int before_ = -1;
};

class SpawnOptions {
 public:
  explicit SpawnOptions(int passed_descriptor) {
    posix_spawnattr_init(&attributes_);
    posix_spawn_file_actions_init(&actions_);
    sigset_t mask;
    pthread_sigmask(SIG_SETMASK, nullptr, &mask);
    for (int signal = 1; signal < NSIG; ++signal) {
      if (sigismember(QueuedSignals(), signal) == 1) sigdelset(&mask, signal);
    }
    posix_spawnattr_setsigmask(&attributes_, &mask);
    sigset_t defaults;
    sigemptyset(&defaults);
    sigaddset(&defaults, SIGINT);
    sigaddset(&defaults, SIGQUIT);
    posix_spawnattr_setsigdefault(&attributes_, &defaults);
    posix_spawnattr_setflags(&attributes_, POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK);
    // Onto itself: not closed by exec.
    if (passed_descriptor >= 0)
      posix_spawn_file_actions_adddup2(&actions_, passed_descriptor, passed_descriptor);
  }
  ~SpawnOptions() {
    posix_spawn_file_actions_destroy(&actions_);
    posix_spawnattr_destroy(&attributes_);
  }
  SpawnOptions(const SpawnOptions&) = delete;
  SpawnOptions& operator=(const SpawnOptions&) = delete;

  posix_spawnattr_t attributes_;
  posix_spawn_file_actions_t actions_;
};

}  // namespace

ChildProcess ChildProcess::Start(const ProgramStart& start, std::string* error, bool* not_found) {
  const std::vector<std::string> environment = MergedEnvironment(start.environment);
  const std::vector<char*> arguments = Pointers(start.command);
  const std::vector<char*> variables = Pointers(environment);
  const SpawnOptions options(start.passed_descriptor);
  const LayoutScope layout(start.layout);
  pid_t child = 0;
  const int status = posix_spawnp(&child, arguments[0], &options.actions_, &options.attributes_,
                                  arguments.data(), variables.data());
  ChildProcess process;
  if (not_found != nullptr) *not_found = status == ENOENT;
  if (status != 0) {
    *error = std::strerror(status);
    return process;
  }
  process.process_id_ = child;
  process.descriptor_ = OpenProcess(child);
  if (process.descriptor_.valid()) return process;
  *error = std::strerror(errno);
  kill(child, SIGKILL);
  process.Wait();
  return {};
}

ChildProcess& ChildProcess::operator=(ChildProcess&& other) noexcept {
  std::swap(process_id_, other.process_id_);
  std::swap(descriptor_, other.descriptor_);
  return *this;
}

ChildProcess::~ChildProcess() {
  if (!descriptor_.valid()) return;
  Signal(SIGKILL);
  Wait();
}

void ChildProcess::Signal(int signal) {
  if (descriptor_.valid()) syscall(SYS_pidfd_send_signal, descriptor_.get(), signal, nullptr, 0);
}

void ChildProcess::PassOn(int signal) {
  if (signal != SIGINT && signal != SIGQUIT && signal != 0) Signal(signal);
}

ProgramEnd ChildProcess::Wait() {
  ProgramEnd end;
  int status = 0;
  while (waitpid(process_id_, &status, 0) < 0 && errno == EINTR) {
  }
  process_id_ = 0;
  descriptor_.Close();
  if (WIFSIGNALED(status)) {
    end.signal = WTERMSIG(status);
    end.signal_name = strsignal(end.signal);
  } else {
    end.exit_status = WEXITSTATUS(status);
  }
  return end;
}

SignalQueue::SignalQueue(const std::vector<int>& signals) : signals_(signals) {
  sigset_t set;
  sigemptyset(&set);
  for (int signal : signals) {
    sigaddset(&set, signal);
    sigaddset(QueuedSignals(), signal);
  }
  pthread_sigmask(SIG_BLOCK, &set, nullptr);
  descriptor_ = Descriptor(signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK));
}

SignalQueue::~SignalQueue() {
  sigset_t set;
  sigemptyset(&set);
  for (int signal : signals_) {
    sigaddset(&set, signal);
    sigdelset(QueuedSignals(), signal);
  }
  pthread_sigmask(SIG_UNBLOCK, &set, nullptr);
}

int SignalQueue::Next() {
  signalfd_siginfo information;
  if (read(descriptor_.get(), &information, sizeof(information)) != sizeof(information)) return 0;
  return static_cast<int>(information.ssi_signo);
}

int SignalQueue::Await() {
  sigset_t set;
  sigemptyset(&set);
  for (int signal : signals_) sigaddset(&set, signal);
  int signal = 0;
  return sigwait(&set, &signal) == 0 ? signal : 0;
}

Descriptor OpenProcess(int process_id) {
  return Descriptor(static_cast<int>(syscall(SYS_pidfd_open, process_id, 0)));
}

int WaitForDescriptor(const std::vector<int>& descriptors, int milliseconds) {
  std::vector<pollfd> waits;
  for (int descriptor : descriptors) waits.push_back({descriptor, POLLIN, 0});
  int ready;
  do {
    ready = poll(waits.data(), waits.size(), milliseconds);
  } while (ready < 0 && errno == EINTR);
  for (size_t i = 0; i < waits.size(); ++i) {
    if (waits[i].revents != 0) return static_cast<int>(i);
  }
  return -1;
}

RunResult RunProgram(ProgramStart start, const std::string& notice_variable) {
  RunResult result;
  const Descriptor notice(eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC));
  if (!notice.valid()) {
    result.error = std::strerror(errno);
    return result;
  }
  start.environment.push_back(notice_variable + "=" + std::to_string(notice.get()));
  start.passed_descriptor = notice.get();
  // The program decides what they mean; this process only reports how it ended.
  SignalQueue signals({SIGTERM, SIGHUP, SIGINT, SIGQUIT});
  ChildProcess child = ChildProcess::Start(start, &result.error, &result.not_found);
  if (!child.valid()) return result;
  while (WaitForDescriptor({child.descriptor(), signals.descriptor()}) == 1) child.PassOn(signals.Next());
  result.end = child.Wait();
  uint64_t notices = 0;
  result.notified = read(notice.get(), &notices, sizeof(notices)) == sizeof(notices);
  return result;
}

}  // namespace ring3::os
