// SPDX-License-Identifier: MIT
#pragma once

#include <atomic>
#include <cstdint>

#include "ke/owned_counter.h"

// The way into the executive for the application's Linux threads. Each has a door of its own, which lasts as
// long as the Linux thread: the thread's block may be taken back while the thread runs application code, so
// on its way in a thread must not touch the block before it is known to be admitted.
namespace ring3::ke {

struct Door {
  OwnedCounter inside;   // how many times the thread is in
  uint64_t opening = 0;  // the one that the thread came in during; 0: it has not come in yet
  // The list of all; a door is on it from its thread's first admission to the thread's end.
  Door* next = nullptr;
  Door** link = nullptr;  // what points to this one; null: not listed
};

extern thread_local constinit Door t_door __attribute__((tls_model("initial-exec")));

// The number of the present opening. 0: there has been none, and nobody is kept out.
inline constinit std::atomic<uint64_t> g_opening{0};
// Closed. Who closes has this as its opening as well.
inline constexpr uint64_t kShut = ~uint64_t{0};

// Admits threads, except those that came in during an earlier opening: their blocks are gone.
void OpenDoors();
// Admits no other thread from now on. The caller, whose way in stays open, ends what is inside.
void CloseDoors();
// Whether a thread other than the caller is inside, or about to find out that it may not be. Once false after
// CloseDoors, nobody comes in, and all that was done inside is seen.
bool IsAnyoneElseInside();

bool IsAdmittedSlowly();

inline void LeaveDoor() {
  --t_door.inside;
}

// False: the thread must not come in.
inline bool TryEnterDoor() {
  ++t_door.inside;
  // CloseDoors makes every thread pass a barrier: either it sees this thread inside, or this thread sees it
  // closed.
  std::atomic_signal_fence(std::memory_order_seq_cst);
  if (__builtin_expect(t_door.opening == g_opening.load(std::memory_order_acquire), true)) return true;
  if (IsAdmittedSlowly()) return true;
  LeaveDoor();
  return false;
}

// A Linux thread cannot be ended where it stands: one that is not admitted waits for the end of the Linux
// process.
[[noreturn]] void StopAtDoor();

inline void EnterDoor() {
  if (__builtin_expect(!TryEnterDoor(), false)) StopAtDoor();
}

// For a service: comes in first and leaves last. A thread that is not admitted any more does not come out.
class DoorPass {
 public:
  DoorPass() { EnterDoor(); }
  ~DoorPass() {
    LeaveDoor();
    if (__builtin_expect(t_door.opening != g_opening.load(std::memory_order_relaxed), false)) StopIfShutOut();
  }
  DoorPass(const DoorPass&) = delete;
  DoorPass& operator=(const DoorPass&) = delete;

 private:
  static void StopIfShutOut();
};

}  // namespace ring3::ke
