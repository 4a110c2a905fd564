// SPDX-License-Identifier: MIT
// MmAllocatePagesForMdl, MmAllocatePagesForMdlEx, MmAllocateNodePagesForMdlEx, MmFreePagesFromMdl,
// MmFreePagesFromMdlEx, MmAllocateMdlForIoSpace.
#include <algorithm>
#include <bit>
#include <cstring>
#include <vector>

#include "ddi/ex.h"
#include "mm/io_space.h"
#include "mm/mdl_frames.h"
#include "mm/misuse.h"
#include "mm/state.h"

using namespace ring3;
using namespace ring3::mm;

namespace {

constexpr ULONG kPoolTag = 'lPmM';
constexpr uint64_t kMostBytes = 4 * kGiB - kPageBytes;

struct Run {
  Pfn first;
  uint64_t count;
};

uint64_t CountOf(const std::vector<Run>& runs) {
  uint64_t count = 0;
  for (const Run& run : runs) count += run.count;
  return count;
}

void GiveBack(const std::vector<Run>& runs) {
  for (const Run& run : runs) TheState().frames.Free(run.first, run.count);
}

struct Wanted {
  Pfn low;
  Pfn high;
  uint64_t skip_pages;
  uint64_t page_count;
  PageContents contents;
};

// As few and as long runs as there are, range after range.
std::vector<Run> AllocateAny(const Wanted& wanted) {
  FrameAllocator& frames = TheState().frames;
  std::vector<Run> runs;
  uint64_t left = wanted.page_count;
  Pfn low = wanted.low, high = wanted.high;
  while (left != 0 && low < frames.ram_pages()) {
    for (uint64_t piece = std::bit_floor(left); left != 0 && piece != 0;) {
      Pfn first;
      const uint64_t count = piece == std::bit_floor(left) ? left : std::min(piece, left);
      if (frames.Allocate({.count = count, .lowest = low, .highest = high}, wanted.contents, &first)) {
        runs.push_back({first, count});
        left -= count;
        continue;
      }
      if (count > piece &&
          frames.Allocate({.count = piece, .lowest = low, .highest = high}, wanted.contents, &first)) {
        runs.push_back({first, piece});
        left -= piece;
        continue;
      }
      piece /= 2;
    }
    if (wanted.skip_pages == 0) break;
    low += wanted.skip_pages;
    high += wanted.skip_pages;
  }
  return runs;
}

// MM_ALLOCATE_REQUIRE_CONTIGUOUS_CHUNKS: one block, or aligned blocks of SkipBytes each.
std::vector<Run> AllocateChunks(const Wanted& wanted) {
  FrameAllocator& frames = TheState().frames;
  const uint64_t chunk = wanted.skip_pages == 0 ? wanted.page_count : wanted.skip_pages;
  const uint64_t alignment = wanted.skip_pages == 0 ? 1 : chunk;
  std::vector<Run> runs;
  for (uint64_t done = 0; done < wanted.page_count; done += chunk) {
    Pfn first;
    if (!frames.Allocate(
            {.count = chunk, .lowest = wanted.low, .highest = wanted.high, .alignment = alignment},
            wanted.contents, &first)) {
      break;
    }
    runs.push_back({first, chunk});
  }
  return runs;
}

PMDL MakeMdl(uint64_t page_count) {
  const SIZE_T bytes = sizeof(MDL) + page_count * sizeof(PFN_NUMBER);
  PMDL mdl =
      static_cast<PMDL>(ExAllocatePool2(POOL_FLAG_NON_PAGED | POOL_FLAG_UNINITIALIZED, bytes, kPoolTag));
  if (mdl == nullptr) return nullptr;
  std::memset(mdl, 0, sizeof(MDL));
  MmInitializeMdl(mdl, nullptr, page_count * kPageBytes);
  mdl->Size = static_cast<CSHORT>(bytes);
  return mdl;
}

bool AreValid(const Wanted& wanted, PHYSICAL_ADDRESS skip, ULONG flags) {
  if (wanted.page_count == 0 || wanted.low > wanted.high || BYTE_OFFSET(skip.QuadPart) != 0) return false;
  if ((flags & MM_ALLOCATE_AND_HOT_REMOVE) != 0 && (flags & MM_ALLOCATE_FULLY_REQUIRED) != 0) return false;
  const bool chunks = (flags & MM_ALLOCATE_REQUIRE_CONTIGUOUS_CHUNKS) != 0;
  if ((flags & MM_ALLOCATE_FAST_LARGE_PAGES) != 0) {
    // There is a large page cache only in name: any aligned two megabytes will do.
    if (!chunks || wanted.skip_pages == 0 || wanted.skip_pages % 512 != 0) return false;
  }
  if (!chunks || wanted.skip_pages == 0) return true;
  return std::has_single_bit(wanted.skip_pages) && wanted.page_count % wanted.skip_pages == 0;
}

PMDL AllocatePages(PHYSICAL_ADDRESS low, PHYSICAL_ADDRESS high, PHYSICAL_ADDRESS skip, SIZE_T total_bytes,
                   ULONG flags, const void* caller) {
  const KIRQL irql = CurrentIrql();
  if (irql > DISPATCH_LEVEL) VerifierViolation(0x7E, irql, ULONG_PTR{DISPATCH_LEVEL}, 0);
  if (total_bytes > kMostBytes) return nullptr;
  Wanted wanted;
  wanted.low = PagesOf(static_cast<uint64_t>(low.QuadPart));
  wanted.high = static_cast<uint64_t>(high.QuadPart) >> kPageShift;
  wanted.skip_pages = static_cast<uint64_t>(skip.QuadPart) >> kPageShift;
  wanted.page_count = PagesOf(total_bytes);
  wanted.contents =
      (flags & MM_DONT_ZERO_ALLOCATION) != 0 ? PageContents::kUninitialized : PageContents::kZeroed;
  if (!AreValid(wanted, skip, flags)) return nullptr;
  const std::vector<Run> runs =
      (flags & MM_ALLOCATE_REQUIRE_CONTIGUOUS_CHUNKS) != 0 ? AllocateChunks(wanted) : AllocateAny(wanted);
  const uint64_t count = CountOf(runs);
  if (count == 0) return nullptr;
  PMDL mdl =
      count < wanted.page_count && (flags & MM_ALLOCATE_FULLY_REQUIRED) != 0 ? nullptr : MakeMdl(count);
  if (mdl == nullptr) {
    GiveBack(runs);
    return nullptr;
  }
  if (count == wanted.page_count) mdl->ByteCount = static_cast<ULONG>(total_bytes);
  Pfn* array = MmGetMdlPfnArray(mdl);
  for (const Run& run : runs) {
    for (uint64_t i = 0; i < run.count; ++i) *array++ = run.first + i;
  }
  mdl->MdlFlags = MDL_PAGES_LOCKED;
  TheState().blocks.InsertMdl(mdl, {count * kPageBytes, caller});
  return mdl;
}

}  // namespace

// Pages between `LowAddress` and `HighAddress`, then `SkipBytes` further up and so on: nonpaged, zeroed, as
// many of `TotalBytes` as there are, described by an MDL from pool. IRQL <= DISPATCH_LEVEL, 0xC4 (0x7E)
// above. NULL: none, or more than 4 GiB - PAGE_SIZE asked for. nf-wdm-mmallocatepagesformdl
PMDL MmAllocatePagesForMdl(PHYSICAL_ADDRESS LowAddress, PHYSICAL_ADDRESS HighAddress,
                           PHYSICAL_ADDRESS SkipBytes, SIZE_T TotalBytes) {
  return AllocatePages(LowAddress, HighAddress, SkipBytes, TotalBytes, 0, __builtin_return_address(0));
}

// The same with MM_ALLOCATE_ flags: not zeroed, fully required, contiguous chunks. The machine has one node,
// and nothing blocks. nf-wdm-mmallocatepagesformdlex
PMDL MmAllocatePagesForMdlEx(PHYSICAL_ADDRESS LowAddress, PHYSICAL_ADDRESS HighAddress,
                             PHYSICAL_ADDRESS SkipBytes, SIZE_T TotalBytes, MEMORY_CACHING_TYPE,
                             ULONG Flags) {
  return AllocatePages(LowAddress, HighAddress, SkipBytes, TotalBytes, Flags, __builtin_return_address(0));
}

// nf-wdm-mmallocatenodepagesformdlex
PMDL MmAllocateNodePagesForMdlEx(PHYSICAL_ADDRESS LowAddress, PHYSICAL_ADDRESS HighAddress,
                                 PHYSICAL_ADDRESS SkipBytes, SIZE_T TotalBytes, MEMORY_CACHING_TYPE, ULONG,
                                 ULONG Flags) {
  return AllocatePages(LowAddress, HighAddress, SkipBytes, TotalBytes, Flags, __builtin_return_address(0));
}

// Frees the pages of an MDL of MmAllocatePagesForMdl(Ex), its system mapping included; the MDL itself is the
// caller's to ExFreePool. IRQL <= DISPATCH_LEVEL, 0xC4 (0x7E) above. PFN_LIST_CORRUPT (0x9A) where an
// application still has a mapping of them or another MDL has them locked, MEMORY_MANAGEMENT (0x1236) where
// the pages are not such an MDL's. nf-wdm-mmfreepagesfrommdl
VOID MmFreePagesFromMdl(PMDLX MemoryDescriptorList) {
  PMDL mdl = MemoryDescriptorList;
  const KIRQL irql = CurrentIrql();
  if (irql > DISPATCH_LEVEL) VerifierViolation(0x7E, irql, ULONG_PTR{DISPATCH_LEVEL}, 0);
  State& state = TheState();
  Pfn* array = MmGetMdlPfnArray(mdl);
  if (!state.blocks.RemoveMdl(mdl))
    KeBugCheckEx(MEMORY_MANAGEMENT, 0x1236, Parameter(mdl), Parameter(array), 0);
  if (HasUserViews(mdl)) KeBugCheckEx(PFN_LIST_CORRUPT, 0x9A, array[0], 0, 1);
  if ((mdl->MdlFlags & MDL_MAPPED_TO_SYSTEM_VA) != 0) MmUnmapLockedPages(mdl->MappedSystemVa, mdl);
  const uint64_t count = PagesOfMdl(mdl);
  for (uint64_t i = 0; i < count;) {
    uint64_t run = 1;
    while (i + run < count && array[i + run] == array[i] + run) ++run;
    if (!state.frames.IsAllocated(array[i], run)) {
      KeBugCheckEx(MEMORY_MANAGEMENT, 0x1236, Parameter(mdl), Parameter(&array[i]), array[i]);
    }
    if (state.locked.AnyIn(RamAddressOfPfn(array[i]), run * kPageBytes)) {
      KeBugCheckEx(PFN_LIST_CORRUPT, 0x9A, array[i], 0, 1);
    }
    state.frames.Free(array[i], run);
    i += run;
  }
  mdl->MdlFlags &= ~MDL_PAGES_LOCKED;
}

// The same; MM_FREE_MDL_PAGES_ZERO zeroes the pages first, so that not even an uninitialised allocation shows
// their contents.
VOID MmFreePagesFromMdlEx(PMDL MemoryDescriptorList, ULONG Flags) {
  if ((Flags & MM_FREE_MDL_PAGES_ZERO) != 0) {
    const MdlFrames frames(MemoryDescriptorList);
    for (uint64_t i = 0; i < frames.count(); ++i) {
      if (!TheState().frames.IsAllocated(frames[i], 1)) continue;
      std::memset(reinterpret_cast<void*>(RamAddressOfPfn(frames[i])), 0, kPageBytes);
    }
  }
  MmFreePagesFromMdl(MemoryDescriptorList);
}

// An MDL over ranges of device memory, each page aligned and whole. IRQL <= DISPATCH_LEVEL.
// STATUS_INVALID_PARAMETER_1 for an unaligned range or one in RAM, STATUS_INSUFFICIENT_RESOURCES. Freed by
// IoFreeMdl. nf-wdm-mmallocatemdlforiospace
NTSTATUS MmAllocateMdlForIoSpace(PMM_PHYSICAL_ADDRESS_LIST PhysicalAddressList, SIZE_T NumberOfEntries,
                                 PMDL* NewMdl) {
  *NewMdl = nullptr;
  uint64_t total = 0;
  for (SIZE_T i = 0; i < NumberOfEntries; ++i) {
    const MM_PHYSICAL_ADDRESS_LIST& range = PhysicalAddressList[i];
    if (BYTE_OFFSET(range.PhysicalAddress.QuadPart) != 0 || BYTE_OFFSET(range.NumberOfBytes) != 0) {
      return STATUS_INVALID_PARAMETER_1;
    }
    const Status status =
        RegisterIoRange(static_cast<uint64_t>(range.PhysicalAddress.QuadPart), range.NumberOfBytes);
    if (!status.ok()) {
      return status.status() == STATUS_INSUFFICIENT_RESOURCES ? status.status() : STATUS_INVALID_PARAMETER_1;
    }
    total += range.NumberOfBytes;
  }
  if (total == 0 || total > 0xFFFFFFFF) return STATUS_INVALID_PARAMETER_1;
  PMDL mdl = IoAllocateMdl(nullptr, static_cast<ULONG>(total), FALSE, FALSE, nullptr);
  if (mdl == nullptr) return STATUS_INSUFFICIENT_RESOURCES;
  Pfn* array = BeginScatteredFrames(mdl);
  for (SIZE_T i = 0; i < NumberOfEntries; ++i) {
    const Pfn first = static_cast<uint64_t>(PhysicalAddressList[i].PhysicalAddress.QuadPart) >> kPageShift;
    for (uint64_t j = 0; j < PhysicalAddressList[i].NumberOfBytes >> kPageShift; ++j) *array++ = first + j;
  }
  mdl->MdlFlags |= MDL_IO_SPACE;
  *NewMdl = mdl;
  return STATUS_SUCCESS;
}
