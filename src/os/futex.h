// SPDX-License-Identifier: MIT
#pragma once

#include <atomic>
#include <cstdint>

namespace ring3::os {

enum class FutexResult : uint8_t {
  kWoken,    // woken, or spuriously so: look at the word again
  kChanged,  // the word was not `expected`
  kTimedOut,
  kInterrupted,  // a signal handler ran
};

// An absolute time on CLOCK_MONOTONIC, in nanoseconds; kNoDeadline waits for ever.
inline constexpr int64_t kNoDeadline = INT64_MAX;

// Blocks while `word` is `expected`. No executive lock may be held.
FutexResult FutexWait(std::atomic<uint32_t>& word, uint32_t expected, int64_t deadline_ns = kNoDeadline);

// Wakes up to `count` waiters; returns how many. Does not block; a word that is already gone is harmless.
int FutexWake(std::atomic<uint32_t>* word, int count);
inline int FutexWakeOne(std::atomic<uint32_t>& word) {
  return FutexWake(&word, 1);
}
inline int FutexWakeAll(std::atomic<uint32_t>& word) {
  return FutexWake(&word, INT32_MAX);
}

// The same for a word that processes share. `word` may be changed by a process that is not trusted.
FutexResult FutexWaitShared(std::atomic<uint32_t>& word, uint32_t expected,
                            int64_t deadline_ns = kNoDeadline);
void FutexWakeShared(std::atomic<uint32_t>& word);

}  // namespace ring3::os
