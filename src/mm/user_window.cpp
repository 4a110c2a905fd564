// SPDX-License-Identifier: MIT
// UserWindow: its beginning and end, and what others know of it.
#include "mm/user_window.h"

#include <cstdio>

#include "mm/window.h"
#include "ntstatus.h"
#include "os/clock.h"
#include "os/thread.h"
#include "os/thread_hold.h"

namespace ring3::mm {
namespace {

constinit UserWindow g_user_window;

bool OnFault(const os::MemoryFault& fault) {
  return g_user_window.OnFault(fault);
}
void OnHold() {
  g_user_window.OnHold();
}
constexpr ke::RoomHooks kRoomHooks = {
    [](PKTHREAD thread, ke::RoomSlot& slot, PKPROCESS process) {
      g_user_window.OnEnter(thread, slot, process);
    },
    [](PKTHREAD, ke::RoomSlot& slot, PKPROCESS process) { g_user_window.OnLeave(slot, process); }};

}  // namespace

Status UserWindow::Start() {
  const WindowGuard guard(mutex_);
  if (started_) return STATUS_SUCCESS;
  Status status = pages_.store().Create();
  if (status.ok()) status = own_regions_.Open();
  if (status.ok() && !os::AddMemoryFaultHook(mm::OnFault)) status = STATUS_INSUFFICIENT_RESOURCES;
  if (!status.ok()) {
    own_regions_.Close();
    pages_.store().Close();
    return status;
  }
  os::BarrierOnAllThreads();  // registers the process for it
  os::SetHoldRoutine(mm::OnHold);
  ke::SetRoomHooks(&kRoomHooks);
  counts_ = {};
  started_ = true;
  return STATUS_SUCCESS;
}

void UserWindow::Stop(LeakReport& leaks) {
  const WindowGuard guard(mutex_);
  if (!started_) return;
  started_ = false;
  ke::SetRoomHooks(nullptr);
  os::SetHoldRoutine(nullptr);
  os::RemoveMemoryFaultHook(mm::OnFault);
  pages_.ForEach([&](const Run& run) {
    char line[96];
    std::snprintf(line, sizeof line, "user memory at 0x%llx of process 0x%llx is still shown",
                  static_cast<unsigned long long>(run.start),
                  static_cast<unsigned long long>(run.process->id));
    leaks.Add(line);
  });
  pages_.DropAll(nullptr);
  owner_ = nullptr;
  last_ = {};
  PublishLocked();
  own_regions_.Close();
  pages_.store().Close();
}

void UserWindow::DropAll(PKPROCESS process) {
  const WindowGuard guard(mutex_);
  if (!started_) return;
  ++epoch_;
  pages_.DropAll(process);
  for (Proof& proof : proofs_) {
    if (proof.process == process) proof = {};
  }
  while (pages_.HasUnwritten(process)) WaitLocked(os::MonotonicNs() + kLookNs);
  if (owner_ == process) owner_ = nullptr;
  if (last_.process == process) last_ = {};
  PublishLocked();
  WakeLocked();
}

void UserWindow::Forget(PKPROCESS process, uintptr_t start, uintptr_t end, UserWindowMoment gone) {
  const WindowGuard guard(mutex_);
  if (!started_) return;
  // Whoever has looked at the client's mappings looks again.
  ++epoch_;
  pages_.Forget(process, start, end, gone);
  PublishLocked();
}

UserWindowMoment UserWindow::Now() {
  const WindowGuard guard(mutex_);
  return pages_.now();
}

void UserWindow::Settle(PKPROCESS process) {
  PKTHREAD thread = ke::CurrentThreadOrNull();
  // Whoever is inside writes back when it leaves.
  if (thread != nullptr && thread->in_room) return;
  const WindowGuard guard(mutex_);
  if (!pages_.HasUnsettled(process)) return;
  if (owner_ == process) {
    ++epoch_;
    pages_.TakeDownSnapshots(process);
  }
  WriteBackLocked(process);
  PublishLocked();
}

bool UserWindow::IsOwnMemory(uintptr_t start, uintptr_t end) {
  const WindowGuard guard(mutex_);
  if (!started_) return false;
  for (uintptr_t at = start; at < end;) {
    const Run* run = pages_.FindShown(at);
    if (run == nullptr) {
      os::Region region;
      if (!own_regions_.FindOrNext(at, &region) || region.start >= end) return false;
      at = std::max(at, region.start);
      run = pages_.FindShown(at);
      if (run == nullptr) return true;
    }
    at = run->end;
  }
  return false;
}

UserWindowCounts UserWindow::Counts() {
  const WindowGuard guard(mutex_);
  UserWindowCounts counts = counts_;
  counts.shown_runs = pages_.shown_count();
  return counts;
}

constinit std::atomic<bool> g_user_window_unsettled{false};

Status StartUserWindow() {
  return g_user_window.Start();
}
void StopUserWindow(LeakReport& leaks) {
  g_user_window.Stop(leaks);
}
void DropUserWindow(PEPROCESS process) {
  g_user_window.DropAll(reinterpret_cast<PKPROCESS>(process));
}
void ForgetUserRange(PEPROCESS process, uintptr_t start, uintptr_t end, UserWindowMoment gone) {
  g_user_window.Forget(reinterpret_cast<PKPROCESS>(process), start, end, gone);
}
UserWindowMoment UserWindowNow() {
  return g_user_window.Now();
}
void SettleUserWindowSlow(PEPROCESS process) {
  g_user_window.Settle(reinterpret_cast<PKPROCESS>(process));
}
bool IsExecutivesMemory(uintptr_t start, uintptr_t end) {
  return g_user_window.IsOwnMemory(start, end);
}
UserWindowCounts GetUserWindowCounts() {
  return g_user_window.Counts();
}

}  // namespace ring3::mm
