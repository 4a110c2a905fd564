// SPDX-License-Identifier: MIT
#include "mm/client_memory.h"

#include <algorithm>

#include "mm/client_lock.h"
#include "mm/state.h"
#include "ntstatus.h"
#include "os/clock.h"
#include "os/futex.h"
#include "os/guarded_copy.h"

namespace ring3::mm {
namespace {

constexpr uint64_t kBlockPages = ClientWindow::kBlockPages;
// Blocks that a client may have in any case; of more, no more than others still find.
constexpr uint64_t kBlocksForAll = 16;
constexpr uint64_t kFewestPagesBetweenSweeps = (uint64_t{64} << 20) >> kPageShift;
constexpr uint64_t kMostStalePages = kFewestPagesBetweenSweeps;

uintptr_t AddressOfBlock(uint64_t block) {
  return kClientFramesBase + block * ClientWindow::kBlockBytes;
}

ClientWindow& Window() {
  return TheState().client_window;
}

}  // namespace

void ClientMemory::End() {
  users_.Close();
  os::MutexGuard guard(changes);
  // A process that still runs, in its exit handlers say, goes on using its memory.
  if (!process_.HasEnded()) return;
  ExtentSet all = used_;
  FreePages(all, Memory::kGiveBack);
}

ClientMemory::~ClientMemory() {
  os::MutexGuard guard(changes);
  for (uint64_t block = 0; block < ClientWindow::kBlocks && block_count_ != 0; ++block) {
    if (Window().OwnerOf(block) == this) GiveBlockBack(block);
  }
}

bool ClientMemory::Has(const FrameRun& frames) const {
  if (frames.count == 0 || !IsClientPfn(frames.first) || !IsClientPfn(frames.first + frames.count - 1))
    return false;
  const uint64_t last_block = (frames.first + frames.count - 1 - kClientPfnBase) / kBlockPages;
  for (uint64_t block = (frames.first - kClientPfnBase) / kBlockPages; block <= last_block; ++block) {
    if (Window().OwnerOf(block) != this) return false;
  }
  return true;
}

bool ClientMemory::FramesOf(const os::Region& region, uintptr_t address, FrameRun* frames) const {
  if (!region.has_file || !region.shared) return false;
  const uintptr_t page_address = address & ~(kPageBytes - 1);
  const uint64_t offset = region.file_offset + (page_address - region.start);
  if (offset >= kClientFramesBytes) return false;
  const uint64_t page = offset >> kPageShift;
  uint64_t block = page / kBlockPages;
  // The process can map any part of its object, but others have frames with the numbers of the rest.
  if (Window().OwnerOf(block) != this || !(region.file == identity_)) return false;
  const uint64_t end =
      std::min(page + ((region.end - page_address) >> kPageShift), ClientWindow::kBlocks * kBlockPages);
  while ((block + 1) * kBlockPages < end && Window().OwnerOf(block + 1) == this) ++block;
  *frames = {kClientPfnBase + page, std::min(end, (block + 1) * kBlockPages) - page};
  return true;
}

// ---- Blocks

Status ClientMemory::SendObject() {
  if (is_sent_) return STATUS_SUCCESS;
  if (!has_object_) {
    object_.Close();
    RING3_TRY(object_.CreateForPeers("ring3-client", kClientFramesBytes));
    RING3_TRY_ASSIGN(identity_, object_.Identity());
    has_object_ = true;
  }
  RING3_TRY_ASSIGN(const os::Descriptor descriptor, object_.OpenForPeer(os::PeerAccess::kReadWrite));
  const Status sent = port_.SendObject(kOwnMemoryObject, descriptor.get());
  is_sent_ = sent.ok();
  return sent;
}

bool ClientMemory::MayTake(uint64_t block_count) {
  const uint64_t wanted = block_count_ + block_count;
  return wanted <= kBlocksForAll || wanted <= Window().free_count() / 2;
}

bool ClientMemory::MapBlocks(uint64_t first, uint64_t count) {
  const uint64_t bytes = count * ClientWindow::kBlockBytes;
  if (!object_
           .MapAt(AddressOfBlock(first), bytes, first * ClientWindow::kBlockBytes, os::Protection::kReadWrite)
           .ok()) {
    Window().GiveBack(first, count);
    return false;
  }
  Window().SetOwner(first, count, this);
  block_count_ += count;
  free_.Free(first * kBlockPages, count * kBlockPages);
  return true;
}

bool ClientMemory::TakeBlocks(uint64_t block_count, uint64_t* first) {
  return MayTake(block_count) && Window().Take(block_count, first) && MapBlocks(*first, block_count);
}

bool ClientMemory::TakeBlockAt(uint64_t block) {
  return block < ClientWindow::kBlocks && MayTake(1) && Window().TakeAt(block) && MapBlocks(block, 1);
}

void ClientMemory::GiveBlockBack(uint64_t block) {
  Window().SetOwner(block, 1, nullptr);
  generation_.fetch_add(1, std::memory_order_seq_cst);
  if (TheState().locked.AnyIn(AddressOfBlock(block), ClientWindow::kBlockBytes)) {
    // The process has shown a free page by itself, and a driver locked it.
    Window().SetOwner(block, 1, this);
    return;
  }
  // Where Linux refuses, the block is lost: what is mapped there is this client's.
  if (os::Decommit(AddressOfBlock(block), ClientWindow::kBlockBytes).ok()) Window().GiveBack(block, 1);
  PunchStale(block * kBlockPages, kBlockPages);
  used_.Remove(block * kBlockPages, kBlockPages);
  free_.Remove(block * kBlockPages, kBlockPages);
  --block_count_;
}

// ---- Exchanges

ClientMemory::Exchange::Exchange(ClientMemory& memory) : memory_(memory) {
  memory_.under_way_.fetch_add(1, std::memory_order_seq_cst);
  memory_.exchanges_.fetch_add(2, std::memory_order_seq_cst);
}

ClientMemory::Exchange::~Exchange() {
  memory_.under_way_.fetch_sub(1, std::memory_order_seq_cst);
  memory_.exchanges_.fetch_add(2, std::memory_order_seq_cst);
  os::FutexWakeAll(memory_.exchanges_);
}

bool ClientMemory::WaitForExchange(uint32_t since) {
  constexpr int64_t kLongestNs = 1'000'000'000;
  const uint32_t now = exchanges();
  const bool is_under_way = (now & 1) != 0;
  if (!is_under_way) return now != since;
  const int64_t deadline = os::MonotonicNs() + kLongestNs;
  while (exchanges() == now) {
    if (given_up_.load(std::memory_order_relaxed) == now) return false;
    if (os::FutexWait(exchanges_, now & ~1u, deadline) == os::FutexResult::kTimedOut) {
      given_up_.store(now, std::memory_order_relaxed);
    }
  }
  return true;
}

bool ClientMemory::Read(void* destination, uintptr_t address, size_t byte_count) {
  auto* target = static_cast<uint8_t*>(destination);
  for (int waits = 0;;) {
    size_t copied;
    const uint32_t since = exchanges();
    if (process_.Read(target, address, byte_count, &copied)) return true;
    target += copied;
    address += copied;
    byte_count -= copied;
    if (waits < kMostWaits && WaitForExchange(since)) {
      ++waits;
      continue;
    }
    // It may be our own page that Linux found no way to: one that is on the move, or filled when first
    // touched. Touching it brings it about.
    if (!os::GuardedProbeWriteByte(target) || !process_.Read(target, address, 1)) return false;
  }
}

bool ClientMemory::Write(uintptr_t address, const void* source, size_t byte_count) {
  const auto* from = static_cast<const uint8_t*>(source);
  for (int waits = 0;;) {
    size_t copied;
    const uint32_t since = exchanges();
    const bool written = process_.Write(address, from, byte_count, &copied);
    // Linux looks pages up before it copies. Nobody has been told yet of what was written.
    if (waits < kMostWaits && WaitForExchange(since)) {
      ++waits;
      continue;
    }
    if (written) return true;
    from += copied;
    address += copied;
    byte_count -= copied;
    // It may be our own page, as above.
    if (!os::GuardedReadByte(from) || !process_.Write(address, from, 1)) return false;
  }
}

size_t ClientMemory::WritePieces(std::span<const os::PeerProcess::Piece> pieces) {
  const uint32_t since = exchanges();
  const bool all_written = process_.WritePieces(pieces.data(), pieces.size()) && !WaitForExchange(since);
  size_t written = 0;
  for (const os::PeerProcess::Piece& piece : pieces) {
    if (all_written) {
      written += piece.byte_count;
      continue;
    }
    // Page by page, so that what cannot be written keeps nothing else from it.
    const auto* source = static_cast<const uint8_t*>(piece.source);
    for (size_t done = 0, bytes; done < piece.byte_count; done += bytes) {
      const uintptr_t address = piece.address + done;
      bytes = std::min<size_t>(piece.byte_count - done, kPageBytes - address % kPageBytes);
      if (Write(address, source + done, bytes)) written += bytes;
    }
  }
  return written;
}

// ---- Placing

bool ClientMemory::FindHinted(uintptr_t address, uint64_t page_count, uint64_t* page) {
  const uint64_t first = address / ClientWindow::kBlockBytes;
  const uint64_t last = (address + page_count * kPageBytes - 1) / ClientWindow::kBlockBytes;
  const auto hint = hints_.find(first);
  if (hint == hints_.end()) return false;
  const uint64_t block = hint->second;
  for (uint64_t i = 1; i <= last - first; ++i) {
    const auto next = hints_.find(first + i);
    if (next == hints_.end()) {
      if (!TakeBlockAt(block + i)) return false;
      hints_[first + i] = block + i;
    } else if (next->second != block + i) {
      return false;
    }
  }
  *page = block * kBlockPages + (address % ClientWindow::kBlockBytes >> kPageShift);
  return true;
}

void ClientMemory::PunchStale(uint64_t page, uint64_t page_count) {
  stale_.ForEachIn(page, page_count, [this](uint64_t first, uint64_t count) RING3_NO_THREAD_SAFETY_ANALYSIS {
    object_.Punch(first << kPageShift, count << kPageShift);
  });
  stale_.Remove(page, page_count);
}

void ClientMemory::MarkUsed(uint64_t page, uint64_t page_count) {
  free_.Remove(page, page_count);
  used_.Free(page, page_count);
  placed_since_sweep_ += page_count;
}

Result<Pfn> ClientMemory::Place(uintptr_t address, uint64_t page_count, Contents contents) {
  RING3_TRY(SendObject());
  if (placed_since_sweep_ > std::max(kFewestPagesBetweenSweeps, used_after_sweep_)) Sweep();
  uint64_t page;
  bool hinted = FindHinted(address, page_count, &page);
  if (hinted && used_.Overlaps(page, page_count)) {
    // An earlier life of the address, perhaps.
    Sweep();
    hinted = FindHinted(address, page_count, &page) && !used_.Overlaps(page, page_count);
  }
  if (!hinted) {
    const uint64_t first = address / ClientWindow::kBlockBytes;
    const uint64_t count = (address + page_count * kPageBytes - 1) / ClientWindow::kBlockBytes - first + 1;
    uint64_t block;
    if (TakeBlocks(count, &block)) {
      for (uint64_t i = 0; i < count; ++i) hints_[first + i] = block + i;
      page = block * kBlockPages + (address % ClientWindow::kBlockBytes >> kPageShift);
    } else if (!free_.Allocate({.count = page_count}, &page)) {
      Sweep();
      if (!free_.Allocate({.count = page_count}, &page)) return STATUS_INSUFFICIENT_RESOURCES;
    }
  }
  if (contents == Contents::kZeros) PunchStale(page, page_count);
  stale_.Remove(page, page_count);
  MarkUsed(page, page_count);
  return kClientPfnBase + page;
}

void ClientMemory::FreePages(ExtentSet& pages, Memory memory) {
  generation_.fetch_add(1, std::memory_order_seq_cst);
  TheState().locked.ForEach([&](const LockedRange& range) {
    if (range.client == nullptr || range.client->memory.get() != this) return;
    for (const FrameRun& run : range.client->runs) {
      if (IsClientPfn(run.first)) pages.Remove(run.first - kClientPfnBase, run.count);
    }
  });
  pages.ForEach([this, memory](uint64_t first, uint64_t count) RING3_NO_THREAD_SAFETY_ANALYSIS {
    uint64_t kept = 0;
    if (memory == Memory::kKeepSome) kept = std::min(count, kMostStalePages - stale_.free_count());
    if (kept != 0) stale_.Free(first, kept);
    if (kept != count) object_.Punch((first + kept) << kPageShift, (count - kept) << kPageShift);
    used_.Remove(first, count);
    free_.Free(first, count);
  });
}

void ClientMemory::Free(const std::vector<FrameRun>& runs) {
  ExtentSet pages;
  for (const FrameRun& run : runs) {
    const uint64_t first = run.first - kClientPfnBase;
    pages.Remove(first, run.count);
    used_.ForEachIn(first, run.count, [&](uint64_t from, uint64_t count) { pages.Free(from, count); });
  }
  FreePages(pages, Memory::kGiveBack);
}

void ClientMemory::Sweep() {
  ExtentSet gone = used_;
  os::Region region;
  for (uintptr_t at = 0; process_.Regions().FindOrNext(at, &region); at = region.end) {
    if (!region.has_file || !region.shared || !(region.file == identity_)) continue;
    gone.Remove(region.file_offset >> kPageShift, (region.end - region.start) >> kPageShift);
  }
  // Nobody has wanted these since the last sweep.
  PunchStale(0, ClientWindow::kBlocks * kBlockPages);
  FreePages(gone, Memory::kKeepSome);
  for (uint64_t block = 0; block < ClientWindow::kBlocks && block_count_ != 0; ++block) {
    if (Window().OwnerOf(block) != this || used_.Overlaps(block * kBlockPages, kBlockPages)) continue;
    const bool hinted =
        std::any_of(hints_.begin(), hints_.end(), [block](const auto& hint) { return hint.second == block; });
    if (!hinted) GiveBlockBack(block);
  }
  placed_since_sweep_ = 0;
  used_after_sweep_ = used_.free_count();
}

}  // namespace ring3::mm
