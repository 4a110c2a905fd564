// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>

namespace ring3 {

// The order of the executive's own locks: a thread takes them with rising rank only. docs/locks.md draws the
// tree. Checked builds stop at an inversion. Leave gaps; give a new lock its own name.
enum class LockRank : uint8_t {
  kBoot = 10,
  kWin32 = 20,
  kServiceDatabase = 30,
  kRegistry = 40,
  kNamespace = 50,
  kProcess = 60,
  kHandleTable = 70,
  kObjectType = 75,
  kObjectCallbacks = 76,
  kDriverDatabase = 80,
  kDeviceDatabase = 90,
  kFileObject = 100,
  kIrp = 110,
  kCancel = 115,
  kAdapter = 120,
  kAddressSpace = 130,
  kSection = 140,
  kLockedPages = 150,
  kResource = 160,
  kWorkQueue = 170,
  kTimerQueue = 190,
  kSemaphoreRelease = 195,
  kDispatcher = 200,
  kDpcQueue = 205,
  kKernelCallbacks = 208,
  kMdl = 209,
  kPool = 210,
  kSharedFrames = 215,
  kFrames = 220,
  kModuleList = 230,
  kReport = 240,
};

}  // namespace ring3
