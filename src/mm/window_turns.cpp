// SPDX-License-Identifier: MIT
// UserWindow: who has it, who waits for it and who goes out meanwhile.
#include <algorithm>

#include "mm/window.h"
#include "os/clock.h"
#include "os/futex.h"
#include "os/thread.h"
#include "os/thread_hold.h"

namespace ring3::mm {
namespace {

// How long the window stays with a client that had to ask for it, if others want it.
constexpr int64_t kSliceNs = 200'000;
// How long somebody who waits for the window has others stay in their rooms before he holds them.
constexpr int64_t kPatienceNs = 1'000'000;
constexpr int64_t kLongestHoldNs = 5'000'000;
}  // namespace

void UserWindow::PublishLocked() {
  g_user_window_unsettled.store(pages_.HasUnsettled(nullptr), std::memory_order_release);
  const bool busy = claimants_ != 0 || loading_ != 0 || !pages_.Empty();
  ke::g_window.store(reinterpret_cast<uintptr_t>(owner_) | (busy ? ke::kWindowBusy : 0),
                     std::memory_order_seq_cst);
}

void UserWindow::WaitLocked(int64_t deadline) {
  const uint32_t turn = turn_.load(std::memory_order_relaxed);
  ++sleepers_;
  mutex_.Unlock();
  os::FutexWait(turn_, turn, deadline);
  mutex_.Lock();
  --sleepers_;
}

void UserWindow::WakeLocked() {
  if (sleepers_ == 0) return;
  turn_.fetch_add(1, std::memory_order_relaxed);
  os::FutexWakeAll(turn_);
}

void UserWindow::EvictLocked() {
  ++epoch_;
  pages_.TakeDownAll(owner_);
  owner_ = nullptr;
  PublishLocked();
}

void UserWindow::GoOutLocked(RoomSlot& slot, PKPROCESS process) {
  slot.returns_to.store(process, std::memory_order_relaxed);
  slot.occupied.store(nullptr, std::memory_order_release);
  WakeLocked();
}

bool UserWindow::IsNextLocked(PKPROCESS process, uint64_t ticket) {
  bool is_next = true;
  ke::ForEachRoomSlot([&](const RoomSlot& slot) {
    const uint64_t other = slot.ticket.load(std::memory_order_relaxed);
    if (other == 0 || slot.returns_to.load(std::memory_order_relaxed) == process) return;
    if (ticket == 0 || other < ticket) is_next = false;
  });
  return is_next;
}

bool UserWindow::NobodyElseInsideLocked(PKPROCESS process) {
  bool nobody = true;
  ke::ForEachRoomSlot([&](const RoomSlot& slot) {
    PKPROCESS room = slot.occupied.load(std::memory_order_acquire);
    if (room != nullptr && room != process) nobody = false;
  });
  return nobody;
}

void UserWindow::HoldOthersLocked(PKPROCESS process) {
  uint64_t holds = 0;
  ke::ForEachRoomSlot([&](const RoomSlot& slot) {
    PKPROCESS room = slot.occupied.load(std::memory_order_acquire);
    if (room == nullptr || room == process || slot.busy.load(std::memory_order_relaxed)) return;
    ++holds;
    os::HoldThread(slot.os_thread_id.load(std::memory_order_relaxed));
  });
  counts_.holds += holds;
}

bool UserWindow::ClaimLocked(RoomSlot& slot, PKPROCESS process, bool may_wait) {
  if (owner_ == process) return true;
  uint64_t ticket = 0;
  int64_t since = 0;
  ++claimants_;
  for (;;) {
    if (owner_ == process) break;
    if (!may_wait || IsNextLocked(process, ticket)) {
      PublishLocked();
      // From now on newcomers call us and find the lock held; those who are inside already are seen.
      os::BarrierOnAllThreads();
      if (NobodyElseInsideLocked(process)) {
        if (owner_ != nullptr) EvictLocked();
        owner_ = process;
        slice_end_ = os::MonotonicNs() + kSliceNs;
        ++counts_.claims;
        break;
      }
    }
    if (!may_wait) break;
    const int64_t now = os::MonotonicNs();
    if (ticket == 0) {
      ticket = ++tickets_;
      since = now;
      slot.ticket.store(ticket, std::memory_order_relaxed);
    } else if (now - since > kPatienceNs && IsNextLocked(process, ticket)) {
      HoldOthersLocked(process);
    }
    WaitLocked(now + kLookNs);
  }
  slot.ticket.store(0, std::memory_order_relaxed);
  --claimants_;
  PublishLocked();
  if (ticket != 0) WakeLocked();
  return owner_ == process;
}

bool UserWindow::MustStayOutLocked(PKPROCESS process, int64_t now) {
  if (owner_ == process && claimants_ == 0) return false;
  bool must = false;
  const bool in_slice = owner_ != nullptr && owner_ != process && now < slice_end_;
  if (claimants_ == 0 && !in_slice) return false;
  PKPROCESS owner = owner_;
  ke::ForEachRoomSlot([&](const RoomSlot& slot) {
    PKPROCESS returns_to = slot.returns_to.load(std::memory_order_relaxed);
    if (slot.ticket.load(std::memory_order_relaxed) != 0 && returns_to != process) must = true;
    if (in_slice && (returns_to == owner || slot.occupied.load(std::memory_order_acquire) == owner))
      must = true;
  });
  return must;
}

void UserWindow::GoInLocked(RoomSlot& slot, PKPROCESS process, int64_t longest_ns) {
  int64_t now = longest_ns == 0 ? 0 : os::MonotonicNs();
  const int64_t deadline = now + longest_ns;
  while (now < deadline && MustStayOutLocked(process, now)) {
    const int64_t look = slice_end_ > now ? slice_end_ : now + kLookNs;
    WaitLocked(std::min(look, deadline));
    now = os::MonotonicNs();
  }
  if (owner_ != nullptr && owner_ != process) EvictLocked();
  slot.returns_to.store(nullptr, std::memory_order_relaxed);
  slot.occupied.store(process, std::memory_order_release);
}

void UserWindow::OnEnter(PKTHREAD thread, RoomSlot& slot, PKPROCESS process) {
  const WindowGuard guard(mutex_);
  GoOutLocked(slot, process);
  if (!pages_.Empty() || loading_ != 0) RefreshLocked(slot, process, Occasion::kEnter);
  GoInLocked(slot, process, MayWait(thread) ? kLongestEntryNs : 0);
}

void UserWindow::OnLeave(RoomSlot& slot, PKPROCESS process) {
  const WindowGuard guard(mutex_);
  WakeLocked();
  RefreshLocked(slot, process, Occasion::kLeave);
}

void UserWindow::OnHold() {
  PKTHREAD thread = ke::CurrentThreadOrNull();
  if (thread == nullptr || !thread->in_room) return;
  RoomSlot& slot = *thread->room_slot;
  if (slot.busy.load(std::memory_order_relaxed)) return;
  PKPROCESS process = slot.occupied.load(std::memory_order_relaxed);
  if (process == nullptr) return;
  const WindowGuard guard(mutex_);
  if (claimants_ == 0) return;
  GoOutLocked(slot, process);
  GoInLocked(slot, process, kLongestHoldNs);
}

}  // namespace ring3::mm
