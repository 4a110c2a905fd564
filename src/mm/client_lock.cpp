// SPDX-License-Identifier: MIT
#include "mm/client_lock.h"

#include <algorithm>
#include <cstring>

#include "mm/client_memory.h"
#include "mm/state.h"

namespace ring3::mm {
namespace {

// The first byte from `at` on that differs, or is equal.
enum class Look : uint8_t { kDifferent, kEqual };
size_t Next(Look look, const uint8_t* a, const uint8_t* b, size_t at, size_t end) {
  if (look == Look::kDifferent) {
    constexpr size_t kStride = 256;
    while (end - at >= kStride && std::memcmp(a + at, b + at, kStride) == 0) at += kStride;
  }
  while (at < end && (a[at] != b[at]) != (look == Look::kDifferent)) ++at;
  return at;
}

}  // namespace

ClientLock::ClientLock(std::shared_ptr<ClientMemory> client_memory) : memory(std::move(client_memory)) {}

ClientLock::~ClientLock() {
  for (const Bounce& bounce : bounces) TheState().frames.Free(bounce.first, bounce.count);
}

void ClientLock::Add(Pfn first, uint64_t count) {
  if (!runs.empty() && runs.back().first + runs.back().count == first) {
    runs.back().count += count;
  } else {
    runs.push_back({first, count});
  }
}

bool ClientLock::Holds(uintptr_t system_address, uint64_t byte_count) const {
  return std::any_of(runs.begin(), runs.end(), [&](const FrameRun& run) {
    const uintptr_t first = SystemAddressOfPfn(run.first);
    return first < system_address + byte_count && system_address < first + run.count * kPageBytes;
  });
}

void ClientLock::WriteBack() const {
  if (bounces.empty()) return;
  const ClientMemory::Use use(*memory);
  if (!use) return;
  std::vector<os::PeerProcess::Piece> pieces;
  for (const Bounce& bounce : bounces) {
    if (bounce.before == nullptr) continue;
    const uintptr_t bounce_end = bounce.address + bounce.count * kPageBytes;
    const uintptr_t low = std::max(bounce.address, start);
    const uintptr_t high = std::min(bounce_end, end);
    if (low >= high) continue;
    const auto* now = reinterpret_cast<const uint8_t*>(RamAddressOfPfn(bounce.first));
    const uint8_t* before = bounce.before.get();
    const size_t last = high - bounce.address;
    for (size_t at = low - bounce.address; at < last;) {
      const size_t from = Next(Look::kDifferent, now, before, at, last);
      at = Next(Look::kEqual, now, before, from, last);
      if (from < at) pieces.push_back({bounce.address + from, now + from, at - from});
    }
  }
  // What the application has taken away meanwhile gets nothing.
  memory->WritePieces(pieces);
}

}  // namespace ring3::mm
