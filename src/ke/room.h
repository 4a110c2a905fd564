// SPDX-License-Identifier: MIT
#pragma once

#include <atomic>
#include <cstdint>

#include "ke/kthread.h"

// Who is in driver code in the context of which application.
//
// An application that has a process of its own is a *client* (KPROCESS::is_client). A thread is in the *room*
// of client P while it runs driver code in P's context: from the outermost ke::CallDriver until that returns,
// but for the time in which the executive sleeps on its behalf. mm shows memory of one client at a time at
// the client's own addresses (mm/user_window.h), and lets nobody into other clients' rooms meanwhile.
//
// The way in and out is a store and a load each. Whoever wants to know who is inside makes his wish known in
// g_window, has all threads pass a barrier (os::BarrierOnAllThreads) and then looks at the slots: either he
// sees the thread in its room, or the thread sees the wish and calls the hook. Local processes have no rooms:
// for their threads it is one branch.
namespace ring3::ke {

// A thread's place on the list of those who have been in a room. Written by the thread, except where said.
struct alignas(64) RoomSlot {
  std::atomic<PKPROCESS> occupied{nullptr};  // the room that the thread is in
  // Outside for a while, and about to go on in this process's context: it waits for the window (with a
  // ticket: the order of arrival) or brings memory in.
  std::atomic<PKPROCESS> returns_to{nullptr};
  std::atomic<uint64_t> ticket{0};
  std::atomic<int> os_thread_id{0};
  // In the hooks, or whatever else must not be held up to give another thread the window.
  std::atomic<bool> busy{false};
  std::atomic<bool> in_use{false};
};

inline constexpr uint32_t kMostRoomSlots = 65536;
extern RoomSlot g_room_slots[kMostRoomSlots];
extern std::atomic<uint32_t> g_room_slots_used;

template <typename Visit>
void ForEachRoomSlot(Visit visit) {
  const uint32_t used = g_room_slots_used.load(std::memory_order_acquire);
  for (uint32_t i = 0; i < used; ++i) visit(g_room_slots[i]);
}

// The client that the window belongs to, as a number, with kWindowBusy added while its threads have to call
// the hooks as well. Zero: all threads come and go as they like.
extern std::atomic<uintptr_t> g_window;
inline constexpr uintptr_t kWindowBusy = 1;

// Called on the way in (after the slot says so; before driver code runs) and on the way out (after the slot
// says that the thread is outside), where g_window is neither zero nor the thread's own client without
// kWindowBusy. At any IRQL, without locks of the executive.
struct RoomHooks {
  void (*enter)(PKTHREAD thread, RoomSlot& slot, PKPROCESS process);
  void (*leave)(PKTHREAD thread, RoomSlot& slot, PKPROCESS process);
};
// Null: nobody has the window.
void SetRoomHooks(const RoomHooks* hooks);

// The running thread goes into the room of thread->client, and out of the one it is in.
void EnterRoom(PKTHREAD thread);
void LeaveRoom(PKTHREAD thread);

// The thread is outside while one of these lives: the executive sleeps, or waits for an application, on
// behalf of driver code. May block when it ends, and when it begins where memory has to be written back.
class OutOfRoomScope {
 public:
  explicit OutOfRoomScope(PKTHREAD thread) : thread_(thread), was_inside_(thread->in_room) {
    if (__builtin_expect(was_inside_, false)) LeaveRoom(thread_);
  }
  ~OutOfRoomScope() {
    if (__builtin_expect(was_inside_, false)) EnterRoom(thread_);
  }
  OutOfRoomScope(const OutOfRoomScope&) = delete;
  OutOfRoomScope& operator=(const OutOfRoomScope&) = delete;

 private:
  const PKTHREAD thread_;
  const bool was_inside_;
};

// The end of the thread in the executive: it is in no room and has no slot any more.
void ReleaseRoomSlot(PKTHREAD thread);

// The thread's process has changed: what CallDriver looks at. Not while the thread is in a room.
inline void UpdateClientOf(PKTHREAD thread) {
  PKPROCESS process = thread->process;
  thread->client = process != nullptr && process->is_client ? process : nullptr;
}

}  // namespace ring3::ke
