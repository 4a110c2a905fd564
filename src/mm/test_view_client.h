// SPDX-License-Identifier: MIT
#pragma once

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <atomic>
#include <cstdio>
#include <cstring>
#include <thread>

#include "mm/test_client.h"

namespace ring3::mm {

// An application that tries what it can do with the views and the descriptors that it has been given.
class TestViewClient final : public TestClient {
 public:
  using Behaviour = TestApplication::Behaviour;

  void Behave(Behaviour behaviour) {
    Call([behaviour] { TestApplication::Behave(behaviour); });
  }
  // -1: it faults.
  int Peek(uintptr_t address) {
    return Call([address] {
      volatile int value = -1;
      TestApplication::Try([&] { value = TestApplication::Load<uint8_t>(address); });
      return int{value};
    });
  }
  bool Poke(uintptr_t address, char value) {
    return Call([=] { return TestApplication::Try([=] { TestApplication::Store(address, value); }); });
  }
  // Whether mprotect lets it.
  bool MakeWritable(uintptr_t address) {
    return Call([address] {
      return mprotect(reinterpret_cast<void*>(address), kPageBytes, PROT_READ | PROT_WRITE) == 0;
    });
  }
  // Whether it can map any memory object for writing that it has a descriptor of, or write to it, opening it
  // again where that helps.
  bool CanWriteToAnyObject() {
    return Call([] {
      return AnyObject([](int descriptor, const char* path) {
        if (CanWrite(descriptor)) return true;
        const os::Descriptor again(open(path, O_RDWR));
        return again.valid() && CanWrite(again.get());
      });
    });
  }
  // Whether some bytes in a row of any memory object that it has a descriptor of are `value`.
  bool SeesInAnyObject(char value) {
    return Call([value] {
      return AnyObject([value](int descriptor, const char*) {
        char buffer[4096], wanted[16];
        std::memset(wanted, value, sizeof wanted);
        for (off_t at = 0; pread(descriptor, buffer, sizeof buffer, at) > 0; at += sizeof buffer) {
          if (memmem(buffer, sizeof buffer, wanted, sizeof wanted) != nullptr) return true;
        }
        return false;
      });
    });
  }
  // Of memory objects.
  int CountDescriptors() {
    return Call([] {
      int count = 0;
      AnyObject([&](int, const char*) {
        ++count;
        return false;
      });
      return count;
    });
  }
  // A child of its own, which has all that it has now.
  void Fork() {
    EXPECT_TRUE(Call([] {
      const pid_t parent = getpid();
      const pid_t child = fork();
      if (child != 0) return child > 0;
      TestProcess::EndWith(parent);
      for (;;) pause();
    }));
  }

  // A thread of it adds one to the word at `first` and to that at `second` until it is stopped; returns how
  // often.
  void StartCounting(uintptr_t first, uintptr_t second) {
    Call([=] {
      s_words[0] = first;
      s_words[1] = second;
      s_stop = false;
      s_counted = 0;
      s_counter = std::thread(Count);
    });
  }
  uint64_t StopCounting() {
    return Call([] {
      s_stop = true;
      s_counter.join();
      return s_counted.load();
    });
  }
  uint64_t Counted() {
    return Call([] { return s_counted.load(); });
  }

 private:
  // ---- In the client

  // Calls `visit` with every descriptor of a memory object, until it returns true.
  template <typename Visit>
  static bool AnyObject(Visit visit) {
    for (int descriptor = 0; descriptor < 1024; ++descriptor) {
      char path[64], link[64] = {};
      std::snprintf(path, sizeof path, "/proc/self/fd/%d", descriptor);
      if (readlink(path, link, sizeof link - 1) > 0 && std::strncmp(link, "/memfd:ring3", 12) == 0 &&
          visit(descriptor, path)) {
        return true;
      }
    }
    return false;
  }
  static bool CanWrite(int descriptor) {
    void* mapped = mmap(nullptr, kPageBytes, PROT_READ | PROT_WRITE, MAP_SHARED, descriptor, 0);
    if (mapped == MAP_FAILED) return pwrite(descriptor, "w", 1, 0) == 1;
    munmap(mapped, kPageBytes);
    return true;
  }

  // What the words are, the thread that carries orders out may be exchanging: see TestApplication::Load.
  __attribute__((no_sanitize("thread"))) static void Count() {
    while (!s_stop.load(std::memory_order_relaxed)) {
      TestApplication::ForgetFaults();
      for (uintptr_t word : s_words)
        reinterpret_cast<std::atomic<uint64_t>*>(word)->fetch_add(1, std::memory_order_relaxed);
      s_counted.fetch_add(1, std::memory_order_relaxed);
    }
  }

  static inline uintptr_t s_words[2];
  static inline std::atomic<bool> s_stop;
  static inline std::atomic<uint64_t> s_counted;
  static inline std::thread s_counter;
};

}  // namespace ring3::mm
