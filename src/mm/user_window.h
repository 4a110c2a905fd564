// SPDX-License-Identifier: MIT
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>

#include "base/leak_report.h"
#include "base/result.h"
#include "ddi/mm.h"

// A client's memory at the client's own addresses, for driver code that uses user pointers.
//
// Nothing is mapped there until driver code in the client's context touches it; the fault brings it in.
//
// Shared: frames that the executive has mapped (the client's memory object, driver memory in a user view) are
// mapped a second time. They stay until another client gets the window; at the next entry of a thread of the
// client, what the client maps otherwise by then is taken away.
//
// Snapshot: all else is copied. What driver code changes is written back, the changed bytes only, whenever a
// thread of the client comes into or goes out of driver code; the copy is dropped, or, where no other thread
// of the client is inside, kept for the next request, which renews it. So driver code sees what the client
// had written before it made the request, and the client sees what the driver wrote before it answered or
// slept; but the two do not see each other's writes in between, as they do with memory that a driver has
// locked (MmProbeAndLockPages) or that VirtualAlloc gave.
//
// The protection is the client's own: a write to what is read-only there, or an access to what is not mapped,
// is left to fault, and raises an access violation in the driver. Where the executive's process has memory of
// its own, nothing can be shown: it keeps out of the way (docs/architecture.md), and probes refuse such
// addresses, as they refuse Windows' system addresses.
//
// Turns. Two clients have different memory at one address, so the window belongs to one of them at a time:
// while any page of a client is shown, no thread is in driver code in the context of another client
// (ke/room.h). Who goes into driver code of another client takes the pages away first. Who faults waits
// until nobody is in another client's room, in order of arrival, and keeps newcomers out meanwhile; the
// window is then his client's for a slice of 200 us. A thread that stays in its room for a millisecond while
// somebody waits (it polls memory, say) is held: a signal interrupts it wherever it is, it waits outside
// until the window's new owner has had its slice, but no longer than 5 ms, takes the pages away and goes on.
// To the thread, and to those who wait for a lock that it holds, that is like being preempted. So nobody
// waits for ever, whatever a driver does; no newcomer waits for longer than 20 ms.
//
// IRQL >= DISPATCH_LEVEL, where user memory must not be touched: present memory is accessed, absent memory is
// brought in where nobody is in another room, and else the fault is what it is in Windows,
// IRQL_NOT_LESS_OR_EQUAL or DRIVER_IRQL_NOT_LESS_OR_EQUAL.
//
// While a thread reads or writes memory of a client here, it is in no room: a client that stalls that
// (userfaultfd) stalls its own requests only.
namespace ring3::mm {

void SettleUserWindowSlow(PEPROCESS process);
// Whether a snapshot of anybody's may have changes that are not written back.
extern std::atomic<bool> g_user_window_unsettled;

// For clients, before the first of them: idempotent. STATUS_INSUFFICIENT_RESOURCES.
Status StartUserWindow();
// When no client is left. Reports what is still shown. Nothing where it was not started.
void StopUserWindow(LeakReport& leaks);

// The end of a client, when its memory can be read no more: whatever is shown or not written back yet is
// dropped.
void DropUserWindow(PEPROCESS process);

// [start, end) of the client has another meaning from now on: unmapped, or another protection. What is shown
// of it is taken away, at any time. Changes in snapshots are written back, but not those of snapshots from
// before `gone`: the memory that they were of is there no longer, and other memory may be in its place
// already. IRQL <= DISPATCH_LEVEL, no spin lock of the executive held.
using UserWindowMoment = uint64_t;
void ForgetUserRange(PEPROCESS process, uintptr_t start, uintptr_t end, UserWindowMoment gone = 0);
UserWindowMoment UserWindowNow();

// The client is about to hear of something: a service of its is answered, a status block written. A driver
// may have written here before, in a thread that is still inside, and then told another thread, whose doing
// this is. What was written so far is written back. Nothing for a thread in a room, which writes back when it
// leaves: before an order to the client, say. No spin lock of the executive held.
inline void SettleUserWindow(PEPROCESS process) {
  if (g_user_window_unsettled.load(std::memory_order_acquire)) SettleUserWindowSlow(process);
}

// Whether the executive's process has memory of its own in [start, end), which may be anything: a pointer
// there does not mean the client's. IRQL <= DISPATCH_LEVEL, no spin lock of the executive held.
bool IsExecutivesMemory(uintptr_t start, uintptr_t end);

// For tests and `ring3 list`.
struct UserWindowCounts {
  uint64_t faults;          // of driver code at user addresses
  uint64_t claims;          // the window changed hands
  uint64_t shared_runs;     // mapped
  uint64_t snapshot_pages;  // copied in
  uint64_t bytes_written;   // back
  uint64_t holds;           // signals to threads that stayed too long
  size_t shown_runs;        // at the moment
};
UserWindowCounts GetUserWindowCounts();

}  // namespace ring3::mm
