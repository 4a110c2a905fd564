// SPDX-License-Identifier: MIT
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>

#include "base/process_order.h"
#include "os/futex.h"

// The memory that one thread of an application shares with the host thread that serves it. Strictly by turns:
// who has the turn writes its part, then hands the turn over; the other side waits, first spinning, then on
// the turn word as a futex.
//
//   client: request ──► host:  … reply                    one service
//                       host:  … order ──► client: answer ──► host: … reply
//                                          client: request ──► host: reply ──► client: answer   (a user APC's
//                                          own)
//
// The host trusts nothing in it: it copies a message before it looks at it, and what it must remember is in
// its own memory. A client that writes out of turn confuses itself only.
namespace ring3::transport {

enum Turn : uint32_t {
  kClientRuns = 0,  // as a region begins
  kRequest = 1,     // for the host
  kReply = 2,       // for the client
  kOrder = 3,       // for the client
  kAnswer = 4,      // for the host
  kClosed = 5,      // for good, by either side or whoever sees the other end
};

inline constexpr int kMostArguments = 11;
inline constexpr int kMostRanges = 4;

enum RangeUse : uint32_t {
  kRangeIn = 1,   // its contents travel with the request
  kRangeOut = 2,  // what the host writes travels with the reply
};

// Application memory whose contents travel in the channel instead of being fetched.
struct InlineRange {
  uint64_t address;
  uint32_t byte_count;
  uint32_t offset;  // in Channel::data
  uint32_t use;     // RangeUse
  uint32_t unused;
};

// What the host wrote of a range: bytes [begin, end).
struct WrittenExtent {
  uint32_t begin;
  uint32_t end;
};

struct Request {
  uint32_t service;  // its place in RING3_NT_SERVICES, or a SpecialService
  uint32_t range_count;
  uint64_t arguments[kMostArguments];
  InlineRange ranges[kMostRanges];
};

enum ReplyFlags : uint32_t {
  kThreadEnds = 1,  // the service ended the calling thread
};

struct Reply {
  int32_t status;
  uint32_t flags;
  WrittenExtent written[kMostRanges];
};

struct OrderMessage {
  ProcessOrder order;
  // The reply's extents so far, to be copied out before application code runs (kRunUserApc).
  WrittenExtent written[kMostRanges];
};

// Services that are the channel's own, after those of the table.
enum SpecialService : uint32_t {
  kServiceThreadStarts = 0xFFFF0001,  // returns when the thread may run: it may have been created suspended
  kServiceIsLocked = 0xFFFF0002,  // (address, byte count): STATUS_WAS_LOCKED where a driver has pages of it
};

struct Channel {
  static constexpr size_t kByteCount = 64 * 1024;

  alignas(64) std::atomic<uint32_t> turn;
  // Not zero: that side is in the kernel for the turn, or about to be.
  std::atomic<uint32_t> host_sleeps;
  std::atomic<uint32_t> client_sleeps;

  alignas(64) Request request;
  alignas(64) Reply reply;
  alignas(64) OrderMessage order;
  alignas(64) OrderAnswer answer;

  static constexpr size_t kDataOffset = 1024;
  static constexpr size_t kDataBytes = kByteCount - kDataOffset;
  char* data() { return reinterpret_cast<char*>(this) + kDataOffset; }
};
static_assert(sizeof(Channel) <= Channel::kDataOffset);
static_assert(std::atomic<uint32_t>::is_always_lock_free);

// How long a side looks at the turn before it sleeps, in ticks of the time-stamp counter. The most is what
// waking a sleeper costs at the worst. Where looking has not paid for some waits (with more threads than
// processors, whoever spins keeps the others from answering), a side sleeps soon; and tries the most now and
// then, because two sides that both sleep at once would otherwise never find out that neither need.
class SpinBudget {
 public:
  static constexpr uint64_t kLeast = 1 << 10;
  static constexpr uint64_t kMost = 1 << 17;

  explicit constexpr SpinBudget(uint32_t credit) : credit_(credit) {}
  uint64_t ticks() const { return credit_ != 0 || is_trial() ? kMost : kLeast; }
  void Paid() {
    credit_ = credit_ < kMostCredit ? credit_ + 1 : kMostCredit;
    sleeps_ = 0;
    sleeps_between_trials_ = kFewestSleepsBetweenTrials;
  }
  void DidNotPay() {
    if (credit_ != 0) {
      --credit_;
    } else if (!is_trial()) {
      ++sleeps_;
    } else {
      sleeps_ = 0;
      if (sleeps_between_trials_ < kMostSleepsBetweenTrials) sleeps_between_trials_ *= 2;
    }
  }

 private:
  static constexpr uint32_t kMostCredit = 4;
  static constexpr uint32_t kFewestSleepsBetweenTrials = 16;
  static constexpr uint32_t kMostSleepsBetweenTrials = 256;

  bool is_trial() const { return sleeps_ == sleeps_between_trials_; }

  uint32_t credit_;
  uint32_t sleeps_ = 0;
  uint32_t sleeps_between_trials_ = kFewestSleepsBetweenTrials;
};

// What a side remembers of its turns.
struct SideState {
  SpinBudget budget{4};
  // Of waits for somebody who had to be woken. Linux often wakes him on this processor, where he gets nowhere
  // while we spin: not much trust to begin with.
  SpinBudget budget_after_wake{1};
  bool has_woken = false;
  // The host's own word that its waits are over: what the other side can write over is not enough. Null:
  // none.
  const std::atomic<bool>* is_over = nullptr;
};

enum class Side : uint8_t { kHost, kClient };

// Hands the turn over: what was written before is seen by the other side. False: the channel is closed.
bool HandOver(Channel& channel, Side self, Turn turn, SideState& state);
// Waits until it is the turn of `self`, or the channel is closed; returns the turn. At the deadline
// (os::MonotonicNs) it returns a turn of the other side.
Turn AwaitTurn(Channel& channel, Side self, SideState& state, int64_t deadline_ns = os::kNoDeadline);
// Ends both sides' waits for good. Any thread, either side.
void Close(Channel& channel);

}  // namespace ring3::transport
