// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <map>
#include <memory>

#include "base/result.h"
#include "mm/page_runs.h"
#include "os/memory.h"

namespace ring3::mm {

// A memory object that holds frames of RAM or device memory which applications see together: who gets it may
// see every frame in it. Frames move in when they are first shown to an application, and out again when they
// are freed or regrouped. What they leave behind stays in the object, for those who could see it before:
// nobody else gets an object that frames have left.
//
// The members below belong to SharedFrames and are guarded by its lock.
struct SharedObject {
  static Result<std::shared_ptr<SharedObject>> Create(uint64_t page_count);

  os::MemoryObject memory;
  os::FileIdentity identity{};
  uint64_t page_count = 0;
  // No more mappings that can be written: there are, or were, applications that may only read.
  bool sealed = false;
  // Somebody has it who should not, and moving the frames away failed: nothing may be shown through it any
  // more.
  bool tainted = false;
  // The frames that are in it now, by page of the object.
  std::map<uint64_t, PageRun> live;
  uint64_t live_count = 0;
};

using SharedObjectRef = std::shared_ptr<SharedObject>;

}  // namespace ring3::mm
