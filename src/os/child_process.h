// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "os/local_socket.h"

namespace ring3::os {

struct ProgramStart {
  // The program, found through PATH unless it has a slash, and its arguments.
  std::vector<std::string> command;
  // "NAME=value", added to this process' environment or in place of what is there; "NAME" takes it away.
  std::vector<std::string> environment;
  // Stays open in the program, under the same number; -1: none.
  int passed_descriptor = -1;
  // What Linux maps without being told where lies far below where it usually does, so that this process'
  // memory and that of an application are apart. Not where that is refused (a container's system call
  // filter).
  enum class Layout : uint8_t { kUsual, kOutOfTheWay } layout = Layout::kUsual;
};

// How a program ended: an exit status, or the signal that killed it (with its name).
struct ProgramEnd {
  int exit_status = 0;
  int signal = 0;
  std::string signal_name;
};

// A program that this process has started. Its destructor kills it if it is still there.
class ChildProcess {
 public:
  ChildProcess() = default;
  // Not started: `*error` says why, `*not_found` whether there is no such program. The program has this
  // process' signal mask, but for signals of a SignalQueue, and its ignored signals, but for interrupts from
  // the terminal.
  static ChildProcess Start(const ProgramStart& start, std::string* error, bool* not_found);
  ChildProcess(ChildProcess&& other) noexcept { *this = std::move(other); }
  ChildProcess& operator=(ChildProcess&& other) noexcept;
  ~ChildProcess();

  bool valid() const { return process_id_ != 0; }
  int process_id() const { return process_id_; }
  // Readable when the program has ended.
  int descriptor() const { return descriptor_.get(); }
  void Signal(int signal);
  // The same for one that this process got. Interrupts from the terminal reach the program by themselves.
  void PassOn(int signal);
  // Blocks until it has ended. Once.
  ProgramEnd Wait();

 private:
  int process_id_ = 0;
  Descriptor descriptor_;
};

// Signals as events, as long as the queue lives: they are blocked in the calling thread, which should be the
// only one.
class SignalQueue {
 public:
  explicit SignalQueue(const std::vector<int>& signals);
  ~SignalQueue();
  SignalQueue(const SignalQueue&) = delete;
  SignalQueue& operator=(const SignalQueue&) = delete;

  // Readable when there is one.
  int descriptor() const { return descriptor_.get(); }
  // The next one, 0 when there is none.
  int Next();
  // Blocks until there is one. Not woken by other signals of the process, such as faults, which the
  // descriptor's waiters are.
  int Await();

 private:
  std::vector<int> signals_;
  Descriptor descriptor_;
};

// A process' descriptor (ChildProcess::descriptor()) for one that somebody else has started; invalid when it
// is gone.
Descriptor OpenProcess(int process_id);

// Waits until one of the descriptors is readable or at its end, and returns its index; -1 after
// `milliseconds` (-1: no limit). Descriptors below zero are left out. The first in the list comes first.
int WaitForDescriptor(const std::vector<int>& descriptors, int milliseconds = -1);

struct RunResult {
  ProgramEnd end;
  // Why it could not be started; empty when it was.
  std::string error;
  bool not_found = false;
  // Whether NotifyStarter was called, by the program or by one that it started.
  bool notified = false;
};

// Runs a program and waits for it to end. SIGTERM and SIGHUP are passed on. `notice_variable` names the
// variable by which NotifyStarter (os/process.h) finds its way back.
RunResult RunProgram(ProgramStart start, const std::string& notice_variable);

}  // namespace ring3::os
