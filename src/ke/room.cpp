// SPDX-License-Identifier: MIT
#include "ke/room.h"

#include <bugcodes.h>

namespace ring3::ke {

constinit RoomSlot g_room_slots[kMostRoomSlots];
constinit std::atomic<uint32_t> g_room_slots_used{0};
constinit std::atomic<uintptr_t> g_window{0};

namespace {

constinit std::atomic<const RoomHooks*> g_hooks{nullptr};

RoomSlot* TakeSlot() {
  for (uint32_t i = 0; i < kMostRoomSlots; ++i) {
    RoomSlot& slot = g_room_slots[i];
    bool in_use = false;
    if (slot.in_use.load(std::memory_order_relaxed) || !slot.in_use.compare_exchange_strong(in_use, true)) {
      continue;
    }
    uint32_t used = g_room_slots_used.load(std::memory_order_relaxed);
    while (used <= i && !g_room_slots_used.compare_exchange_weak(used, i + 1)) {
    }
    return &slot;
  }
  return nullptr;
}

bool MayPassBy(PKPROCESS process) {
  const uintptr_t window = g_window.load(std::memory_order_acquire);
  return window == 0 || window == reinterpret_cast<uintptr_t>(process);
}

}  // namespace

void SetRoomHooks(const RoomHooks* hooks) {
  g_hooks.store(hooks, std::memory_order_release);
}

void EnterRoom(PKTHREAD thread) {
  RoomSlot* slot = thread->room_slot;
  if (slot == nullptr) {
    slot = TakeSlot();
    if (slot == nullptr) KeBugCheckEx(NO_PAGES_AVAILABLE, 0, 0, 0, 0);
    slot->os_thread_id.store(thread->os_thread_id, std::memory_order_relaxed);
    thread->room_slot = slot;
  }
  PKPROCESS process = thread->client;
  thread->in_room = true;
  slot->occupied.store(process, std::memory_order_release);
  std::atomic_signal_fence(std::memory_order_seq_cst);
  if (__builtin_expect(MayPassBy(process), true)) return;
  if (const RoomHooks* hooks = g_hooks.load(std::memory_order_acquire)) hooks->enter(thread, *slot, process);
}

void LeaveRoom(PKTHREAD thread) {
  RoomSlot* slot = thread->room_slot;
  PKPROCESS process = slot->occupied.load(std::memory_order_relaxed);
  thread->in_room = false;
  slot->occupied.store(nullptr, std::memory_order_release);
  std::atomic_signal_fence(std::memory_order_seq_cst);
  if (__builtin_expect(MayPassBy(process), true)) return;
  if (const RoomHooks* hooks = g_hooks.load(std::memory_order_acquire)) hooks->leave(thread, *slot, process);
}

void ReleaseRoomSlot(PKTHREAD thread) {
  if (thread->in_room) LeaveRoom(thread);
  RoomSlot* slot = thread->room_slot;
  if (slot == nullptr) return;
  thread->room_slot = nullptr;
  slot->os_thread_id.store(0, std::memory_order_relaxed);
  slot->in_use.store(false, std::memory_order_release);
}

}  // namespace ring3::ke
