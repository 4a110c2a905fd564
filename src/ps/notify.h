// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <atomic>

#include <ddi/ke.h>

#include "base/leak_report.h"
#include "ke/driver_gate.h"
#include "os/thread.h"
#include "ps/thread.h"

namespace ring3::ps {

// Routines that drivers registered, called in the order of registration without a lock, in a critical region.
template <typename Function>
class NotifyList {
 public:
  static constexpr int kMost = 64;

  // False: already there, or no room.
  bool Add(Function* function) {
    for (auto& slot : slots_) {
      if (slot.load() == function) return false;
    }
    for (auto& slot : slots_) {
      Function* empty = nullptr;
      if (!slot.compare_exchange_strong(empty, function)) continue;
      count_.fetch_add(1);
      return true;
    }
    return false;
  }

  // False: not there. Waits for calls under way, unless made from one.
  bool Remove(Function* function) {
    for (auto& slot : slots_) {
      Function* expected = function;
      if (!slot.compare_exchange_strong(expected, nullptr)) continue;
      count_.fetch_sub(1);
      PKTHREAD thread = ke::CurrentThread();
      bool inside = thread->driver_call != nullptr && thread->driver_call->callback == ke::Callback::kNotify;
      while (!inside && callers_.load() != 0) os::YieldThread();
      return true;
    }
    return false;
  }

  bool empty() const { return count_.load(std::memory_order_relaxed) == 0; }

  template <typename... Args>
  void Call(Args... args) {
    if (empty()) return;
    callers_.fetch_add(1);
    KeEnterCriticalRegion();
    for (auto& slot : slots_) {
      if (Function* function = slot.load()) ke::CallDriver(nullptr, ke::Callback::kNotify, function, args...);
    }
    KeLeaveCriticalRegion();
    callers_.fetch_sub(1);
  }

  // At shutdown: how many were left; none afterwards.
  int Clear() {
    for (auto& slot : slots_) slot.store(nullptr);
    return count_.exchange(0);
  }

 private:
  std::array<std::atomic<Function*>, kMost> slots_{};
  std::atomic<int> count_{0};
  std::atomic<int> callers_{0};
};

// STATUS_SUCCESS, or the status by which a driver refused the process.
NTSTATUS NotifyProcessCreated(PEPROCESS process, std::u16string_view command_line);
void NotifyProcessExited(PEPROCESS process);
// By who makes the thread; by the thread itself where nobody in the executive has made it.
void NotifyThreadCreated(PETHREAD thread);
// By the thread, at its beginning and at its end.
void NotifyThreadStarted(PETHREAD thread);
void NotifyThreadExited(PETHREAD thread);
void ReportLeftNotifyRoutines(LeakReport& report);

}  // namespace ring3::ps
