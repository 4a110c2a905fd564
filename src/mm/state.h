// SPDX-License-Identifier: MIT
#pragma once

#include "ddi/mm.h"
#include "ke/kthread.h"
#include "mm/contiguous_blocks.h"
#include "mm/frame_allocator.h"
#include "mm/io_ranges.h"
#include "mm/locked_page_table.h"
#include "mm/mdl_arena.h"
#include "mm/mdl_cache.h"
#include "mm/user_views.h"
#include "mm/view_space.h"
#include "mm/virtual_memory.h"
#include "os/memory.h"

namespace ring3::mm {

// All of Mm between Initialize and Shutdown.
struct State {
  FrameAllocator frames;
  ViewSpace views;
  IoRanges io;
  MdlArena mdl_arena;
  MdlCache mdl_cache;
  LockedPageTable locked;
  ContiguousBlocks blocks;
  UserViews user_views;
  VirtualMemory virtual_memory;
  os::RegionMap regions;

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

// Whether every page of [start, end) grants the access now.
enum class Access : uint8_t;
bool GrantsAccess(uintptr_t start, uintptr_t end, Access access);

}  // namespace ring3::mm
