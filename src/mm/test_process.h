// SPDX-License-Identifier: MIT
#pragma once

#include <gtest/gtest.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <cstddef>
#include <cstdlib>
#include <cstring>
#include <optional>
#include <thread>
#include <type_traits>
#include <utility>
#include <vector>

#include "os/local_socket.h"
#include "os/mutex.h"

namespace ring3::mm {

// A thread of another process that runs what it is told, one thing after the other. Any thread may tell it.
class TestThread {
 public:
  // One more in the process of `sibling`. ThreadSanitizer allows it where that was forked before the test
  // program had threads of its own.
  explicit TestThread(TestThread& sibling) : TestThread() {
    EXPECT_TRUE(sibling.TryCallWith(theirs_.descriptor(), [](int descriptor) {
      std::thread([descriptor] { Serve(os::LocalSocket(os::Descriptor(descriptor))); }).detach();
      return true;
    }));
    theirs_.Close();
  }
  ~TestThread() = default;
  TestThread(const TestThread&) = delete;
  TestThread& operator=(const TestThread&) = delete;

  // Runs `body` there and returns what it returns. The captures go there as bytes, so they are values, and
  // addresses there.
  template <typename Body>
  auto Call(Body body) {
    if constexpr (std::is_void_v<std::invoke_result_t<Body>>) {
      Call([body] {
        body();
        return true;
      });
    } else {
      const auto result = TryCall(body);
      EXPECT_TRUE(result.has_value()) << "the process has ended";
      return result.value_or(std::invoke_result_t<Body>{});
    }
  }
  // The same of a process that may have ended: nothing, then.
  template <typename Body>
  auto TryCall(Body body) {
    return TryCallWith(-1, [body](int) { return body(); });
  }
  // `body` gets a descriptor of its own of what `descriptor` is.
  template <typename Body>
  std::optional<std::invoke_result_t<Body, int>> TryCallWith(int descriptor, Body body) {
    using Result = std::invoke_result_t<Body, int>;
    static_assert(std::is_trivially_copyable_v<Body> && std::is_trivially_copyable_v<Result>);
    static_assert(sizeof(Body) <= kMostBytes && sizeof(Result) <= kMostBytes);
    Message message = {};
    message.run = [](std::byte* bytes, int descriptor_there) {
      const Result result = (*reinterpret_cast<const Body*>(bytes))(descriptor_there);
      std::memcpy(bytes, &result, sizeof result);
    };
    std::memcpy(message.bytes, &body, sizeof body);
    std::optional<Result> result;
    if (Exchange(&message, descriptor)) std::memcpy(&result.emplace(), message.bytes, sizeof(Result));
    return result;
  }

 protected:
  static constexpr size_t kMostBytes = 256;
  struct Message {
    void (*run)(std::byte* bytes, int descriptor);
    alignas(std::max_align_t) std::byte bytes[kMostBytes];  // the body; then its result
  };

  TestThread() {
    if (!os::LocalSocket::MakePair(&ours_, &theirs_)) std::abort();
  }

  [[noreturn]] static void Serve(const os::LocalSocket& socket) {
    Message message;
    os::Descriptor descriptor;
    while (Receive(socket, &message, &descriptor)) {
      s_steps.fetch_add(1);
      message.run(message.bytes, descriptor.Release());
      s_steps.fetch_add(1);
      if (!socket.Send(&message, sizeof message)) break;
    }
    _exit(0);
  }

  os::LocalSocket ours_, theirs_;

 private:
  bool Exchange(Message* message, int descriptor) {
    os::MutexGuard guard(mutex_);
    return ours_.Send(message, sizeof *message, &descriptor, descriptor >= 0 ? 1 : 0) &&
           Receive(ours_, message, nullptr);
  }
  static bool Receive(const os::LocalSocket& socket, Message* message, os::Descriptor* descriptor) {
    std::vector<char> bytes;
    std::vector<os::Descriptor> descriptors;
    if (socket.Receive(&bytes, &descriptors) != os::Received::kMessage || bytes.size() != sizeof *message)
      return false;
    std::memcpy(message, bytes.data(), sizeof *message);
    if (!descriptors.empty()) *descriptor = std::move(descriptors.front());
    return true;
  }

  os::Mutex mutex_;
  // Tells ThreadSanitizer what the threads of a process do one after the other.
  static inline std::atomic<uint64_t> s_steps;
};

// A process of a test: a copy of the test program with nothing but this thread, until it is killed.
class TestProcess : public TestThread {
 public:
  TestProcess() {
    const pid_t parent = getpid();
    process_id_ = fork();
    if (process_id_ < 0) std::abort();
    if (process_id_ == 0) {
      EndWith(parent);
      ours_.Close();
      Serve(theirs_);
    }
    theirs_.Close();
  }
  ~TestProcess() { Kill(); }

  int id() const { return process_id_; }
  void Kill() {
    if (std::exchange(is_killed_, true)) return;
    kill(process_id_, SIGKILL);
    waitpid(process_id_, nullptr, 0);
  }

  // Private memory, filled with `value`, over what is there unless `how` says otherwise.
  void MapAt(uintptr_t address, size_t byte_count, uint8_t value, int protection = PROT_READ | PROT_WRITE,
             int how = MAP_FIXED) {
    EXPECT_TRUE(Call([=] {
      void* at = reinterpret_cast<void*>(address);
      const int flags = MAP_PRIVATE | MAP_ANONYMOUS | how;
      if (mmap(at, byte_count, PROT_READ | PROT_WRITE, flags, -1, 0) != at) return false;
      if (value != 0) std::memset(at, value, byte_count);
      return mprotect(at, byte_count, protection) == 0;
    }));
  }
  void Unmap(uintptr_t address, size_t byte_count) {
    EXPECT_TRUE(Call([=] { return munmap(reinterpret_cast<void*>(address), byte_count) == 0; }));
  }
  void Protect(uintptr_t address, size_t byte_count, int protection) {
    EXPECT_TRUE(
        Call([=] { return mprotect(reinterpret_cast<void*>(address), byte_count, protection) == 0; }));
  }

  // In a process that was just forked: it is gone when its parent is.
  static void EndWith(pid_t parent) {
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != parent) _exit(0);
  }

 private:
  pid_t process_id_;
  bool is_killed_ = false;
};

}  // namespace ring3::mm
