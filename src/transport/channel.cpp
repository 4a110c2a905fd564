// SPDX-License-Identifier: MIT
#include "transport/channel.h"

#include "os/clock.h"

namespace ring3::transport {
namespace {

bool IsTurnOf(Side side, uint32_t turn) {
  if (turn == kClosed) return true;
  const bool host = turn == kRequest || turn == kAnswer;
  return side == Side::kHost ? host : !host && turn != kClientRuns;
}

bool IsPast(int64_t deadline_ns) {
  return deadline_ns != os::kNoDeadline && os::MonotonicNs() >= deadline_ns;
}

}  // namespace

bool HandOver(Channel& channel, Side self, Turn turn, SideState& state) {
  // A closed channel stays so: the exchange is undone where it was.
  if (channel.turn.exchange(turn, std::memory_order_seq_cst) == kClosed) {
    Close(channel);
    return false;
  }
  std::atomic<uint32_t>& sleeps = self == Side::kHost ? channel.client_sleeps : channel.host_sleeps;
  state.has_woken = sleeps.load(std::memory_order_seq_cst) != 0;
  if (state.has_woken) os::FutexWakeShared(channel.turn);
  return true;
}

Turn AwaitTurn(Channel& channel, Side self, SideState& state, int64_t deadline_ns) {
  uint32_t turn = channel.turn.load(std::memory_order_acquire);
  if (IsTurnOf(self, turn)) return static_cast<Turn>(turn);
  SpinBudget& budget = state.has_woken ? state.budget_after_wake : state.budget;
  const uint64_t most = budget.ticks();
  const uint64_t start = __builtin_ia32_rdtsc();
  do {
    __builtin_ia32_pause();
    turn = channel.turn.load(std::memory_order_acquire);
    if (IsTurnOf(self, turn)) {
      budget.Paid();
      return static_cast<Turn>(turn);
    }
  } while (__builtin_ia32_rdtsc() - start < most);
  budget.DidNotPay();
  std::atomic<uint32_t>& sleeps = self == Side::kHost ? channel.host_sleeps : channel.client_sleeps;
  sleeps.store(1, std::memory_order_seq_cst);
  turn = channel.turn.load(std::memory_order_seq_cst);
  // A word that never stays the same never lets the futex time out.
  while (!IsTurnOf(self, turn)) {
    if (state.is_over != nullptr && state.is_over->load(std::memory_order_acquire)) {
      turn = kClosed;
      break;
    }
    const os::FutexResult woken = os::FutexWaitShared(channel.turn, turn, deadline_ns);
    if (woken == os::FutexResult::kTimedOut || IsPast(deadline_ns)) break;
    turn = channel.turn.load(std::memory_order_seq_cst);
  }
  sleeps.store(0, std::memory_order_relaxed);
  return static_cast<Turn>(turn);
}

void Close(Channel& channel) {
  channel.turn.store(kClosed, std::memory_order_seq_cst);
  os::FutexWakeShared(channel.turn);
}

}  // namespace ring3::transport
