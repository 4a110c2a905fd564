// SPDX-License-Identifier: MIT
#pragma once

#include <memory>
#include <vector>

#include "ddi/mm.h"
#include "ke/kthread.h"
#include "mm/client_memory.h"
#include "mm/client_views.h"
#include "mm/contiguous_blocks.h"
#include "mm/frame_allocator.h"
#include "mm/io_ranges.h"
#include "mm/local_space.h"
#include "mm/locked_page_table.h"
#include "mm/mdl_arena.h"
#include "mm/mdl_cache.h"
#include "mm/shared_frames.h"
#include "mm/view_space.h"
#include "os/memory.h"

namespace ring3::mm {

// All of Mm between Initialize and Shutdown.
struct State {
  FrameAllocator frames;
  SharedFrames shared_frames;
  ClientViews client_views;
  ViewSpace views;
  IoRanges io;
  MdlArena mdl_arena;
  MdlCache mdl_cache;
  LockedPageTable locked;
  ContiguousBlocks blocks;
  LocalAddressSpace local_space;
  ClientWindow client_window;
  SpinLock client_spaces_lock{LockRank::kProcess};
  std::vector<std::unique_ptr<AddressSpace>> client_spaces RING3_GUARDED_BY(client_spaces_lock);

  // Where the frames are in the RAM memory object. False: they are not memory of ours, or not consecutive
  // there.
  bool OffsetOfFrames(Pfn first, uint64_t count, uint64_t* offset);
  // The frame that a system address shows. False: nothing is mapped there.
  bool FrameOfSystemAddress(uintptr_t address, Pfn* pfn);
};

extern State* g_state;
inline State& TheState() {
  return *g_state;
}

inline PEPROCESS CurrentProcess() {
  return reinterpret_cast<PEPROCESS>(ke::CurrentThread()->process);
}
inline KIRQL CurrentIrql() {
  return ke::CurrentThread()->state.irql;
}

// The current process' space where that is another Linux process; null: its memory is here.
inline AddressSpace* CurrentClientSpace() {
  const PKPROCESS process = ke::CurrentThread()->process;
  if (process == nullptr || process->address_space == nullptr || process->address_space->is_local())
    return nullptr;
  return process->address_space;
}

}  // namespace ring3::mm
