// SPDX-License-Identifier: MIT
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <mutex>
#include <vector>

#include "os/thread.h"

namespace ring3::host {

// Linux threads that are waited for to their very last step, which is after their bodies: what the executive
// keeps for a thread goes with it.
class JoinedThreads {
 public:
  JoinedThreads() = default;
  JoinedThreads(const JoinedThreads&) = delete;
  JoinedThreads& operator=(const JoinedThreads&) = delete;
  ~JoinedThreads() { JoinAll(); }

  // Runs `body` on a new thread. False: there is none to be had. Joins those that are through; does not wait
  // for others.
  bool Start(const char* name, std::function<void()> body);
  // Waits for all, those that start meanwhile included. Not from one of them.
  void JoinAll();

 private:
  struct Entry {
    std::function<void()> body;
    std::atomic<bool> is_through{false};
    os::Thread thread;
  };
  std::mutex mutex_;
  std::vector<std::unique_ptr<Entry>> entries_;
};

}  // namespace ring3::host
