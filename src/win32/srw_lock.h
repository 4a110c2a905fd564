// SPDX-License-Identifier: MIT
#pragma once

#include <atomic>

#include <windows.h>

namespace ring3::win32 {

// A reader-writer lock in the pointer-sized word of SRWLOCK: the low half counts readers, or is kExclusive;
// the high half counts threads that wait. Waiters sleep on the low half.
class SrwWord {
 public:
  static SrwWord& Of(PSRWLOCK lock) { return *reinterpret_cast<SrwWord*>(lock); }
  bool TryLockExclusive();
  bool TryLockShared();
  void LockExclusive();
  void LockShared();
  void UnlockExclusive();
  void UnlockShared();

 private:
  static constexpr uint32_t kExclusive = 0xFFFFFFFF;
  void Sleep(uint32_t seen);
  void WakeAll();

  std::atomic<uint32_t> state_;
  std::atomic<uint32_t> waiters_;
};
static_assert(sizeof(SrwWord) == sizeof(SRWLOCK));

}  // namespace ring3::win32
