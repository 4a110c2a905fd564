// SPDX-License-Identifier: MIT
#include "mm/mdl_arena.h"

#include <algorithm>
#include <bit>
#include <cstdio>
#include <new>

#include "base/fault_injection.h"
#include "os/memory.h"
#include "os/stack_trace.h"

namespace ring3::mm {

struct MdlArena::Slot {
  static constexpr uint32_t kMagic = 0x4c644d41;  // "AMdL"
  enum class Frames : uint8_t { kContiguous, kScattered };

  uint32_t magic;
  int class_index;
  std::atomic<bool> allocated;
  std::atomic<bool> filling;  // a spin lock that the fault handler takes
  std::atomic<bool> any_present;
  Frames frames;
  Pfn first;
  uint64_t count;
  Slot* next_free;
  const void* caller;
  std::atomic<uint64_t> present[33];  // array pages that are there

  uintptr_t array() const { return reinterpret_cast<uintptr_t>(this) + kPageBytes; }
  PMDL mdl() { return reinterpret_cast<PMDL>(array() - sizeof(MDL)); }
};

MdlArena::Slot* MdlArena::SlotOf(PMDL mdl) {
  return reinterpret_cast<Slot*>(reinterpret_cast<uintptr_t>(mdl + 1) - kPageBytes);
}

PMDL MdlArena::Allocate(uint64_t page_count, const void* caller) {
  if (page_count > kMostPages || ShouldFail("mdl")) return nullptr;
  const uint64_t array_pages = (page_count + kFramesPerPage - 1) / kFramesPerPage;
  const int class_index = array_pages <= 2 ? 0 : std::bit_width(array_pages - 2);
  Class& pool = classes_[class_index];
  Slot* slot;
  {
    SpinLockGuard guard(pool.lock);
    slot = pool.free;
    if (slot != nullptr) pool.free = slot->next_free;
  }
  if (slot == nullptr) {
    const uint64_t index =
        pool.used.load(std::memory_order_relaxed) + 1 <= kClassBytes / SlotBytes(class_index)
            ? pool.used.fetch_add(1)
            : kClassBytes;
    if (index >= kClassBytes / SlotBytes(class_index)) return nullptr;
    const uintptr_t address = ClassBase(class_index) + index * SlotBytes(class_index);
    if (!os::Protect(address, kPageBytes, os::Protection::kReadWrite).ok()) return nullptr;
    slot = new (reinterpret_cast<void*>(address)) Slot{};
    slot->class_index = class_index;
    slot->magic = Slot::kMagic;
  }
  slot->caller = caller;
  slot->frames = Slot::Frames::kScattered;
  slot->allocated.store(true, std::memory_order_relaxed);
  return slot->mdl();
}

bool MdlArena::Free(PMDL mdl) {
  Slot* slot = SlotOf(mdl);
  if ((reinterpret_cast<uintptr_t>(slot) & (kPageBytes - 1)) != 0 || slot->magic != Slot::kMagic)
    return false;
  if (!slot->allocated.exchange(false)) return false;
  Reset(slot);
  Class& pool = classes_[slot->class_index];
  SpinLockGuard guard(pool.lock);
  slot->next_free = pool.free;
  pool.free = slot;
  return true;
}

void MdlArena::Reset(Slot* slot) {
  if (!slot->any_present.load(std::memory_order_relaxed)) return;
  // Where Linux refuses, the pages stay, and keep what they hold: overwritten below.
  const bool gone = os::Decommit(slot->array(), ArrayPages(slot->class_index) * kPageBytes).ok();
  for (uint64_t page = 0; page < ArrayPages(slot->class_index); ++page) {
    const uint64_t bit = uint64_t{1} << (page % 64);
    if ((slot->present[page / 64].load() & bit) == 0) continue;
    if (gone) slot->present[page / 64].fetch_and(~bit);
  }
  if (gone) slot->any_present = false;
}

uint64_t MdlArena::CapacityOf(PMDL mdl) const {
  return ArrayPages(SlotOf(mdl)->class_index) * kFramesPerPage;
}

void MdlArena::SetContiguous(PMDL mdl, Pfn first, uint64_t count) {
  Slot* slot = SlotOf(mdl);
  slot->frames = Slot::Frames::kContiguous;
  slot->first = first;
  slot->count = count;
  if (!slot->any_present.load(std::memory_order_relaxed)) return;
  Reset(slot);
  if (!slot->any_present.load(std::memory_order_relaxed)) return;
  Pfn* array = MmGetMdlPfnArray(mdl);
  for (uint64_t i = 0; i < count; ++i) array[i] = first + i;
}

void MdlArena::SetScattered(PMDL mdl) {
  Slot* slot = SlotOf(mdl);
  slot->frames = Slot::Frames::kScattered;
  Reset(slot);
}

bool MdlArena::GetContiguous(PMDL mdl, Pfn* first) const {
  const Slot* slot = SlotOf(mdl);
  const Pfn* array = reinterpret_cast<const Pfn*>(slot->array());
  const uint64_t count = ADDRESS_AND_SIZE_TO_SPAN_PAGES(MmGetMdlVirtualAddress(mdl), mdl->ByteCount);
  if (count == 0) return false;
  if (slot->frames == Slot::Frames::kScattered) {
    *first = array[0];
    for (uint64_t i = 1; i < count; ++i) {
      if (array[i] != *first + i) return false;
    }
    return true;
  }
  *first = slot->first;
  if (!slot->any_present.load(std::memory_order_relaxed)) return true;
  // What was brought in may have been written since.
  for (uint64_t page = 0; page * kFramesPerPage < count; ++page) {
    if ((slot->present[page / 64].load() >> (page % 64) & 1) == 0) continue;
    const uint64_t end = std::min(count, (page + 1) * kFramesPerPage);
    for (uint64_t i = page * kFramesPerPage; i < end; ++i) {
      if (array[i] != slot->first + i) return false;
    }
  }
  return true;
}

bool MdlArena::OnFault(uintptr_t address) {
  if (address - kMdlArenaBase >= kMdlArenaBytes) return false;
  const uint64_t class_index = (address - kMdlArenaBase) / kClassBytes;
  if (class_index >= kClasses) return false;
  const int c = static_cast<int>(class_index);
  const uint64_t index = (address - ClassBase(c)) / SlotBytes(c);
  if (index >= classes_[c].used.load(std::memory_order_acquire)) return false;
  Slot* slot = reinterpret_cast<Slot*>(ClassBase(c) + index * SlotBytes(c));
  if (address < slot->array() || !slot->allocated.load()) return false;
  const uint64_t page = (address - slot->array()) / kPageBytes;
  const uint64_t bit = uint64_t{1} << (page % 64);
  while (slot->filling.exchange(true, std::memory_order_acquire)) __builtin_ia32_pause();
  bool there = (slot->present[page / 64].load() & bit) != 0;
  if (!there) {
    // Filled aside and moved into place: another thread never sees it half done.
    if (uintptr_t fresh = os::NewPage(); fresh != 0) {
      if (slot->frames == Slot::Frames::kContiguous) {
        Pfn* entries = reinterpret_cast<Pfn*>(fresh);
        const uint64_t start = page * kFramesPerPage;
        const uint64_t end = std::min(slot->count, start + kFramesPerPage);
        for (uint64_t i = start; i < end; ++i) entries[i - start] = slot->first + i;
      }
      there = os::MovePage(fresh, slot->array() + page * kPageBytes);
      if (there) {
        slot->present[page / 64].fetch_or(bit);
        slot->any_present = true;
      }
    }
  }
  slot->filling.store(false, std::memory_order_release);
  return there;
}

void MdlArena::Shutdown(LeakReport& leaks) {
  for (int c = 0; c < kClasses; ++c) {
    const uint64_t used = classes_[c].used.load();
    for (uint64_t i = 0; i < used; ++i) {
      const Slot* slot = reinterpret_cast<const Slot*>(ClassBase(c) + i * SlotBytes(c));
      if (!slot->allocated.load()) continue;
      char line[64];
      std::snprintf(line, sizeof line, "MDL %p not freed, allocated by ",
                    static_cast<void*>(const_cast<Slot*>(slot)->mdl()));
      leaks.Add(line + os::DescribeCaller(slot->caller));
    }
    if (used != 0) (void)os::Decommit(ClassBase(c), used * SlotBytes(c)).ok();
    SpinLockGuard guard(classes_[c].lock);
    classes_[c].free = nullptr;
    classes_[c].used = 0;
  }
}

}  // namespace ring3::mm
