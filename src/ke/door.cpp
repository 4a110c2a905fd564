// SPDX-License-Identifier: MIT
#include "ke/door.h"

#include "base/spin_lock.h"
#include "os/thread.h"

namespace ring3::ke {

thread_local constinit Door t_door;

namespace {

constinit SpinLock g_lock{LockRank::kKernelCallbacks};
Door* g_first RING3_GUARDED_BY(g_lock) = nullptr;
uint64_t g_opening_count RING3_GUARDED_BY(g_lock) = 0;

// Takes the door off the list when its Linux thread ends.
constinit os::AtThreadEnd g_door_end([](void*) {
  SpinLockGuard guard(g_lock);
  t_door.opening = 0;
  if (t_door.link == nullptr) return;
  *t_door.link = t_door.next;
  if (t_door.next != nullptr) t_door.next->link = t_door.link;
  t_door.link = nullptr;
});

}  // namespace

void OpenDoors() {
  SpinLockGuard guard(g_lock);
  g_opening.store(++g_opening_count, std::memory_order_release);
}

void CloseDoors() {
  t_door.opening = kShut;
  g_opening.store(kShut, std::memory_order_release);
  os::BarrierOnAllThreads();
}

bool IsAnyoneElseInside() {
  SpinLockGuard guard(g_lock);
  for (const Door* door = g_first; door != nullptr; door = door->next) {
    if (door != &t_door && door->inside != 0) return true;
  }
  return false;
}

bool IsAdmittedSlowly() {
  if (t_door.opening != 0 && t_door.opening != kShut) return false;
  g_door_end.Arm(&t_door);
  SpinLockGuard guard(g_lock);
  // Listed and then asked: who closed before is seen, and who closes later sees the door.
  if (t_door.link == nullptr) {
    t_door.next = g_first;
    t_door.link = &g_first;
    if (g_first != nullptr) g_first->link = &t_door.next;
    g_first = &t_door;
  }
  const uint64_t opening = g_opening.load(std::memory_order_acquire);
  if (opening == kShut) return false;
  t_door.opening = opening;
  return true;
}

void StopAtDoor() {
  os::ParkForEver();
}

void DoorPass::StopIfShutOut() {
  if (t_door.opening != 0) StopAtDoor();
}

}  // namespace ring3::ke
