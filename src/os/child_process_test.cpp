// SPDX-License-Identifier: MIT
#include "os/child_process.h"

#include <gtest/gtest.h>

#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <string>

#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

namespace ring3::os {
namespace {

ProgramStart Shell(const std::string& script) {
  ProgramStart start;
  start.command = {"sh", "-c", script};
  return start;
}

ProgramEnd RunShell(ProgramStart start) {
  std::string error;
  ChildProcess child = ChildProcess::Start(start, &error, nullptr);
  EXPECT_TRUE(child.valid()) << error;
  return child.Wait();
}

TEST(ChildProcessTest, EndsWithAStatusOrASignal) {
  EXPECT_EQ(RunShell(Shell("exit 42")).exit_status, 42);
  const ProgramEnd killed = RunShell(Shell("kill -TERM $$"));
  EXPECT_EQ(killed.signal, SIGTERM);
  EXPECT_FALSE(killed.signal_name.empty());
}

TEST(ChildProcessTest, SaysWhyItWasNotStarted) {
  std::string error;
  bool not_found = false;
  ProgramStart start;
  start.command = {"/nowhere/at/all"};
  EXPECT_FALSE(ChildProcess::Start(start, &error, &not_found).valid());
  EXPECT_TRUE(not_found);
  EXPECT_FALSE(error.empty());
  start.command = {"/"};
  EXPECT_FALSE(ChildProcess::Start(start, &error, &not_found).valid());
  EXPECT_FALSE(not_found);
}

// It cannot be watched, and does not stay.
TEST(ChildProcessTest, IsNotStartedWithoutADescriptor) {
  rlimit before;
  ASSERT_EQ(getrlimit(RLIMIT_NOFILE, &before), 0);
  const rlimit none = {0, before.rlim_max};
  ASSERT_EQ(setrlimit(RLIMIT_NOFILE, &none), 0);
  std::string error;
  const bool started = ChildProcess::Start(Shell("exit 0"), &error, nullptr).valid();
  EXPECT_EQ(setrlimit(RLIMIT_NOFILE, &before), 0);
  EXPECT_FALSE(started);
  EXPECT_FALSE(error.empty());
  EXPECT_TRUE(waitpid(-1, nullptr, WNOHANG) == -1 && errno == ECHILD);
}

TEST(ChildProcessTest, HasTheEnvironmentAskedFor) {
  setenv("RING3_TEST_KEPT", "kept", 1);
  setenv("RING3_TEST_CHANGED", "before", 1);
  setenv("RING3_TEST_REMOVED", "there", 1);
  ProgramStart start = Shell(
      "test \"$RING3_TEST_KEPT $RING3_TEST_CHANGED $RING3_TEST_ADDED ${RING3_TEST_REMOVED-gone}\" = "
      "'kept after added gone'");
  start.environment = {"RING3_TEST_CHANGED=after", "RING3_TEST_ADDED=added", "RING3_TEST_REMOVED"};
  EXPECT_EQ(RunShell(start).exit_status, 0);
}

TEST(ChildProcessTest, HasTheDescriptorPassedAndNoOther) {
  LocalSocket ours, theirs;
  ASSERT_TRUE(LocalSocket::MakePair(&ours, &theirs));
  const std::string path = "/proc/self/fd/" + std::to_string(theirs.descriptor());
  EXPECT_NE(RunShell(Shell("test -e " + path)).exit_status, 0);
  ProgramStart start = Shell("test -e " + path);
  start.passed_descriptor = theirs.descriptor();
  EXPECT_EQ(RunShell(start).exit_status, 0);
}

TEST(ChildProcessTest, IsKilledWithItsObject) {
  int process_id = 0;
  {
    std::string error;
    ChildProcess child = ChildProcess::Start(Shell("exec sleep 1000"), &error, nullptr);
    ASSERT_TRUE(child.valid()) << error;
    process_id = child.process_id();
    EXPECT_EQ(WaitForDescriptor({child.descriptor()}, 0), -1);
  }
  EXPECT_EQ(kill(process_id, 0), -1);
}

TEST(ChildProcessTest, TellsByItsDescriptorThatItHasEnded) {
  LocalSocket ours, theirs;
  ASSERT_TRUE(LocalSocket::MakePair(&ours, &theirs));
  std::string error;
  ChildProcess child = ChildProcess::Start(Shell("exit 0"), &error, nullptr);
  ASSERT_TRUE(child.valid()) << error;
  EXPECT_EQ(WaitForDescriptor({ours.descriptor(), child.descriptor(), -1}), 1);
  child.Wait();
}

TEST(ChildProcessTest, DoesNotInheritQueuedSignals) {
  SignalQueue queue({SIGTERM});
  const ProgramEnd killed = RunShell(Shell("kill -TERM $$"));
  EXPECT_EQ(killed.signal, SIGTERM);
  EXPECT_EQ(queue.Next(), 0);
}

TEST(SignalQueueTest, HasWhatCame) {
  SignalQueue queue({SIGTERM, SIGHUP});
  EXPECT_EQ(WaitForDescriptor({queue.descriptor()}, 0), -1);
  // To the thread: sanitizers have others.
  pthread_kill(pthread_self(), SIGHUP);
  EXPECT_EQ(WaitForDescriptor({queue.descriptor()}), 0);
  EXPECT_EQ(queue.Next(), SIGHUP);
  EXPECT_EQ(queue.Next(), 0);
}

TEST(RunProgramTest, PassesATerminationOn) {
  const RunResult result =
      RunProgram(Shell("trap 'exit 9' TERM; kill -TERM $PPID; while :; do :; done"), "RING3_TEST_NOTICE");
  EXPECT_EQ(result.end.exit_status, 9);
}

TEST(RunProgramTest, KnowsWhetherItWasNotified) {
  const RunResult quiet = RunProgram(Shell("exit 3"), "RING3_TEST_NOTICE");
  EXPECT_EQ(quiet.end.exit_status, 3);
  EXPECT_FALSE(quiet.notified);
  const RunResult notified =
      RunProgram(Shell("printf '\\1\\0\\0\\0\\0\\0\\0\\0' >&\"$RING3_TEST_NOTICE\""), "RING3_TEST_NOTICE");
  EXPECT_TRUE(notified.notified);
}

#ifndef __SANITIZE_THREAD__
TEST(ChildProcessTest, HasItsMappingsOutOfTheWay) {
  ProgramStart start = Shell("grep -q '^7[ef].*libc' /proc/self/maps");
  ASSERT_EQ(RunShell(start).exit_status, 0);
  start.layout = ProgramStart::Layout::kOutOfTheWay;
  ProgramStart asks = Shell("grep -q '^002' /proc/self/personality");
  asks.layout = start.layout;
  if (RunShell(asks).exit_status != 0) GTEST_SKIP() << "Linux refuses it here";
  EXPECT_NE(RunShell(start).exit_status, 0);
  // Once only.
  EXPECT_EQ(RunShell(Shell("grep -q '^7[ef].*libc' /proc/self/maps")).exit_status, 0);
}
#endif

}  // namespace
}  // namespace ring3::os
