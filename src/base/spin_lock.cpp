// SPDX-License-Identifier: MIT
#include "base/spin_lock.h"

#include <thread>

#include <cstdio>

#include "base/check.h"

namespace ring3 {
namespace {

constexpr int kSpinsBeforeYield = 100;

#if RING3_CHECKED
constexpr int kMostHeld = 16;
thread_local LockRank t_held[kMostHeld];
thread_local int t_held_count = 0;

[[noreturn]] void Die(const char* what, LockRank rank, LockRank held) {
  char text[160];
  std::snprintf(text, sizeof(text), "lock order: %s (rank %u, while holding rank %u)", what,
                static_cast<unsigned>(rank), static_cast<unsigned>(held));
  Panic(text);
}
#endif

}  // namespace

void SpinLock::LockSlow() {
  for (int spins = 0;; ++spins) {
    while (locked_.load(std::memory_order_relaxed) != 0) {
      // The holder may have been preempted: two cores are common.
      if (++spins % kSpinsBeforeYield == 0) std::this_thread::yield();
      __builtin_ia32_pause();
    }
    if (locked_.exchange(1, std::memory_order_acquire) == 0) return;
  }
}

void ForgetHeldLocks() {
#if RING3_CHECKED
  t_held_count = 0;
#endif
}

#if RING3_CHECKED
void SpinLock::CheckBeforeLock() const {
  for (int i = 0; i < t_held_count; ++i) {
    if (t_held[i] >= rank_) Die("inversion", rank_, t_held[i]);
  }
}

void SpinLock::NoteLocked() const {
  if (t_held_count == kMostHeld) Die("too many locks held", rank_, t_held[t_held_count - 1]);
  t_held[t_held_count++] = rank_;
}

void SpinLock::NoteUnlocked() const {
  for (int i = t_held_count; i-- > 0;) {
    if (t_held[i] != rank_) continue;
    for (int j = i; j + 1 < t_held_count; ++j) t_held[j] = t_held[j + 1];
    --t_held_count;
    return;
  }
  Die("released but not held", rank_, rank_);
}
#endif

}  // namespace ring3
