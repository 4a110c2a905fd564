// SPDX-License-Identifier: MIT
// How frames move from one memory object to another under the feet of those who use them: every mapping of
// them in this process is made read-only, they are copied, and every mapping is replaced by one of the new
// object. Who writes in between faults, waits at the gate, and tries again.
#include <algorithm>

#include "mm/address_space.h"
#include "mm/misuse.h"
#include "mm/shared_frames.h"
#include "mm/state.h"
#include "ntstatus.h"
#include "os/fault_handler.h"

namespace ring3::mm {
namespace {

// Writers wait for the copy of so many pages at most.
constexpr uint64_t kPagesAtOnce = 512;

os::Protection WithoutWriting(os::Protection protection) {
  return static_cast<os::Protection>(static_cast<int>(protection) & ~2);
}

// What cannot be allowed to fail; each try has its own chance.
template <typename Undo>
void Insist(Undo undo) {
  for (int i = 0; i < 3; ++i) {
    if (undo().ok()) return;
  }
  KeBugCheckEx(MEMORY_MANAGEMENT, 0x1236, 0, 0, 0);
}

}  // namespace

// One step of a move; the gate is closed.
class SharedFrames::Chunk {
 public:
  Chunk(SharedFrames& frames, const SharedObjectRef& from, const SharedObjectRef& to)
      : frames_(frames), from_(from), to_(to) {}
  ~Chunk() {
    if (keeper_ != 0) os::Release(keeper_, keeper_bytes_);
  }

  Status Move(const PageRuns& runs, uint64_t target_page, const std::vector<AddressRange>& windows) {
    RING3_TRY(FindSources(runs, target_page));
    RING3_TRY(FindPortions(windows));
    Status status = Keep();
    if (status.ok()) status = HoldAndCopy();
    if (status.ok()) status = Switch();
    if (!status.ok()) Undo();
    return status;
  }

  // After Move has succeeded. What the pages leave in an object stays there: applications still look at it.
  void Finish(std::vector<SharedObjectRef>* emptied) {
    if (from_ == nullptr) {
      for (const Source& source : sources_) frames_.ram_->Punch(source.offset, source.bytes());
    }
    SpinLockGuard guard(frames_.lock_);
    for (const Source& source : sources_) {
      if (from_ != nullptr) frames_.ForgetLocked(source.run.page, source.run.count, emptied);
      if (to_ != nullptr) frames_.RememberLocked(source.run, to_, source.target_page);
    }
  }

 private:
  // Pages that are consecutive in both objects.
  struct Source {
    PageRun run;
    uint64_t offset;  // in the old object
    uint64_t target_page;
    uint64_t bytes() const { return run.count * kPageBytes; }
  };
  // A mapping of such pages in this process.
  struct Portion {
    uintptr_t address;
    uint64_t byte_count;
    uint64_t old_offset;
    uint64_t new_offset;
    os::Protection protection;
    enum class State : uint8_t { kAsItWas, kHeld, kSwitched } state;
  };

  const os::MemoryObject& Old() const { return from_ != nullptr ? from_->memory : *frames_.ram_; }
  const os::MemoryObject& New() const { return to_ != nullptr ? to_->memory : *frames_.ram_; }
  const os::FileIdentity& OldIdentity() const {
    return from_ != nullptr ? from_->identity : frames_.ram_identity_;
  }
  bool OldIsSealed() const { return from_ != nullptr && frames_.IsSealed(*from_); }

  Status FindSources(const PageRuns& runs, uint64_t target_page) {
    for (const Place& place : frames_.PlacesOf(runs)) {
      // Freed meanwhile: a defect of the driver, but not to be made worse.
      if (place.object != from_) return STATUS_INVALID_PARAMETER;
      sources_.push_back(
          {place.run, place.object_page * kPageBytes, to_ != nullptr ? target_page : place.run.page});
      target_page += place.run.count;
    }
    by_offset_ = sources_;
    std::ranges::sort(by_offset_, {}, &Source::offset);
    return STATUS_SUCCESS;
  }

  // The parts of a mapping that show sources.
  void AddRegion(const os::Region& region, uintptr_t start, uintptr_t end) {
    if (!region.shared || !region.has_file || !(region.file == OldIdentity())) return;
    start = std::max(start, region.start);
    end = std::min(end, region.end);
    const uint64_t offset = region.file_offset + (start - region.start);
    const uint64_t end_offset = offset + (end - start);
    auto source = std::ranges::upper_bound(by_offset_, offset, {}, &Source::offset);
    if (source != by_offset_.begin()) --source;
    for (; source != by_offset_.end() && source->offset < end_offset; ++source) {
      const uint64_t first = std::max(source->offset, offset);
      const uint64_t last = std::min(source->offset + source->bytes(), end_offset);
      if (first >= last) continue;
      portions_.push_back({start + (first - offset), last - first, first,
                           source->target_page * kPageBytes + (first - source->offset), ProtectionOf(region),
                           Portion::State::kAsItWas});
    }
  }
  void AddRange(uintptr_t start, uintptr_t end) {
    os::Region region;
    AddressSpace& here = TheState().local_space;
    for (uintptr_t at = start; at < end && here.FindOrNext(at, &region) && region.start < end;
         at = region.end) {
      AddRegion(region, start, end);
    }
  }
  Status FindPortions(const std::vector<AddressRange>& windows) {
    // Views first: the direct mapping is what they can be made of again.
    AddRange(kViewsBase, kViewsBase + kViewsBytes);
    TheState().local_space.views().ForEach([this](uintptr_t address, const UserViews::View& view) {
      if (!view.aliases_user) AddRange(address, address + view.page_count * kPageBytes);
    });
    for (const AddressRange& window : windows) AddRange(window.start, window.start + window.byte_count);
    const size_t first_direct = portions_.size();
    uint64_t missing = 0;
    for (const Source& source : sources_) {
      AddRange(source.run.address(), source.run.address() + source.bytes());
      missing += source.bytes();
    }
    for (size_t i = first_direct; i < portions_.size(); ++i) missing -= portions_[i].byte_count;
    return missing == 0 ? STATUS_SUCCESS : STATUS_INVALID_PARAMETER;
  }

  // A sealed object cannot be mapped anew, so that a mapping of it is kept for the case that all has to be
  // undone.
  Status Keep() {
    if (!OldIsSealed()) return STATUS_SUCCESS;
    uint64_t bytes = 0;
    for (const Source& source : sources_) bytes += source.bytes();
    keeper_ = os::ReserveAnywhere(bytes, kPageBytes, kUserLimit, os::Placement::kAnywhere);
    if (keeper_ == 0) return STATUS_INSUFFICIENT_RESOURCES;
    keeper_bytes_ = bytes;
    uintptr_t at = keeper_;
    for (const Source& source : by_offset_) {
      RING3_TRY(os::MapAgain(source.run.address(), at, source.bytes()));
      at += source.bytes();
    }
    return STATUS_SUCCESS;
  }
  uintptr_t KeptAddress(uint64_t offset) const {
    uintptr_t at = keeper_;
    for (const Source& source : by_offset_) {
      if (offset - source.offset < source.bytes()) return at + (offset - source.offset);
      at += source.bytes();
    }
    return 0;
  }

  Status HoldAndCopy() {
    for (Portion& portion : portions_) {
      if ((static_cast<int>(portion.protection) & 2) == 0) continue;
      RING3_TRY(os::Protect(portion.address, portion.byte_count, WithoutWriting(portion.protection)));
      portion.state = Portion::State::kHeld;
    }
    for (const Source& source : sources_) {
      if (to_ == nullptr) New().Punch(source.target_page * kPageBytes, source.bytes());
      RING3_TRY(New().CopyFrom(Old(), source.offset, source.target_page * kPageBytes, source.bytes()));
    }
    return STATUS_SUCCESS;
  }

  Status Switch() {
    // Nobody writes until all mappings show the new object: what is written to one is seen in all.
    for (Portion& portion : portions_) {
      RING3_TRY(New().ReplaceAt(portion.address, portion.byte_count, portion.new_offset,
                                WithoutWriting(portion.protection)));
      portion.state = Portion::State::kSwitched;
    }
    for (Portion& portion : portions_) {
      if (portion.protection == WithoutWriting(portion.protection)) continue;
      Insist([&] { return os::Protect(portion.address, portion.byte_count, portion.protection); });
    }
    return STATUS_SUCCESS;
  }

  void Undo() {
    for (Portion& portion : portions_) {
      if (portion.state == Portion::State::kAsItWas) continue;
      if (portion.state == Portion::State::kSwitched) {
        Insist([&]() -> Status {
          if (!OldIsSealed()) {
            return Old().ReplaceAt(portion.address, portion.byte_count, portion.old_offset,
                                   portion.protection);
          }
          return os::MapAgain(KeptAddress(portion.old_offset), portion.address, portion.byte_count);
        });
      }
      Insist([&] { return os::Protect(portion.address, portion.byte_count, portion.protection); });
    }
  }

  SharedFrames& frames_;
  const SharedObjectRef& from_;
  const SharedObjectRef& to_;
  std::vector<Source> sources_;
  std::vector<Source> by_offset_;
  std::vector<Portion> portions_;
  uintptr_t keeper_ = 0;
  uint64_t keeper_bytes_ = 0;
};

Status SharedFrames::Move(const PageRuns& runs, const SharedObjectRef& from, const SharedObjectRef& to,
                          const std::vector<AddressRange>& windows) {
  uint64_t target_page = 0;
  auto run = runs.begin();
  uint64_t done = 0;  // pages of *run
  while (run != runs.end()) {
    PageRuns step;
    uint64_t room = kPagesAtOnce;
    while (run != runs.end() && room != 0) {
      const uint64_t count = std::min(room, run->count - done);
      step.push_back({run->page + done, run->pfn + done, count});
      room -= count;
      done += count;
      if (done == run->count) {
        ++run;
        done = 0;
      }
    }
    std::vector<SharedObjectRef> emptied;
    Chunk chunk(*this, from, to);
    os::MutexGuard guard(move_mutex_);
    if (!has_fault_hook_) {
      if (!os::AddMemoryFaultHook(OnFault)) return STATUS_INSUFFICIENT_RESOURCES;
      has_fault_hook_ = true;
    }
    gate_.Close();
    generation_.fetch_add(1, std::memory_order_acq_rel);
    Status status = chunk.Move(step, target_page, windows);
    if (status.ok()) chunk.Finish(&emptied);
    generation_.fetch_add(1, std::memory_order_acq_rel);
    gate_.Open();
    RING3_TRY(status);
    target_page += CountOf(step);
  }
  return STATUS_SUCCESS;
}

}  // namespace ring3::mm
