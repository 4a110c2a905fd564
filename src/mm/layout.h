// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>

namespace ring3::mm {

// The number of a 4 KiB frame. Four kinds, told apart by range:
//   [0, RAM pages)        simulated RAM and, within it, the device holes below 1 MiB and below 4 GiB
//   [RAM pages, 2^36)     device memory, given out by IoSpace
//   [2^36, 2^37)          a page of an application in this process, (address >> 12) + 2^36
//   [2^37, 2^37 + 2^29)   a page of an application in a process of its own: frame 2^37 + i is byte
//                         i * 4096 of its memory object, mapped at kClientFramesBase + i * 4096
using Pfn = uint64_t;

inline constexpr uint64_t kPageShift = 12;
inline constexpr uint64_t kPageBytes = 1u << kPageShift;
inline constexpr uint64_t kGiB = 1ull << 30;

// The reservation that holds every system address. Outside the areas that ASan, TSan, the kernel's mmap and
// PIE executables use.
inline constexpr uintptr_t kSystemBase = 0x7b00'0000'0000;
inline constexpr uint64_t kSystemBytes = 3072 * kGiB;

// Areas of the reservation.
inline constexpr uint64_t kMostRamBytes = 256 * kGiB;
inline constexpr uintptr_t kViewsBase = kSystemBase + kMostRamBytes;
inline constexpr uint64_t kViewsBytes = 256 * kGiB;
inline constexpr uintptr_t kMdlArenaBase = kViewsBase + kViewsBytes;
inline constexpr uint64_t kMdlArenaBytes = 192 * kGiB;
inline constexpr uintptr_t kFrameBitmapBase = kMdlArenaBase + kMdlArenaBytes;

// Frames of applications in processes of their own.
inline constexpr uintptr_t kClientFramesBase = kSystemBase + 1024 * kGiB;
inline constexpr uint64_t kClientFramesBytes = 2048 * kGiB;

// Room for device memory above RAM, behind RAM in the same memory object.
inline constexpr uint64_t kDeviceBytes = 64 * kGiB;

inline constexpr Pfn kUserPfnBase = 1ull << 36;
// One past the last user address that an application can have. It is Linux's, 60 KiB above Windows': the
// stack of a program that is not placed at random (under a debugger) ends just below it.
inline constexpr uintptr_t kUserLimit = 0x7fff'ffff'f000;

constexpr bool IsSystemAddress(uintptr_t address) {
  return address - kSystemBase < kSystemBytes;
}
inline bool IsSystemAddress(const volatile void* address) {
  return IsSystemAddress(reinterpret_cast<uintptr_t>(address));
}

// Whether every byte of [address, address + byte_count) may be user memory by its address alone: no wrap,
// nothing of the system reservation, nothing above the user limit. An empty range is.
constexpr bool IsUserRange(uintptr_t address, uint64_t byte_count) {
  if (byte_count == 0) return true;
  if (address >= kUserLimit || byte_count > kUserLimit - address) return false;
  return address + byte_count <= kSystemBase || address >= kSystemBase + kSystemBytes;
}

inline constexpr Pfn kClientPfnBase = 1ull << 37;

constexpr bool IsUserPfn(Pfn pfn) {
  return pfn >= kUserPfnBase && pfn < kClientPfnBase;
}
constexpr bool IsClientPfn(Pfn pfn) {
  return pfn - kClientPfnBase < kClientFramesBytes >> kPageShift;
}
constexpr bool IsClientFrameAddress(uintptr_t address) {
  return address - kClientFramesBase < kClientFramesBytes;
}
constexpr uintptr_t AddressOfClientPfn(Pfn pfn) {
  return kClientFramesBase + ((pfn - kClientPfnBase) << kPageShift);
}
constexpr Pfn ClientPfnOfAddress(uintptr_t address) {
  return ((address - kClientFramesBase) >> kPageShift) + kClientPfnBase;
}
constexpr Pfn PfnOfUserAddress(uintptr_t address) {
  return (address >> kPageShift) + kUserPfnBase;
}
constexpr uintptr_t UserAddressOfPfn(Pfn pfn) {
  return (pfn - kUserPfnBase) << kPageShift;
}
constexpr uintptr_t RamAddressOfPfn(Pfn pfn) {
  return kSystemBase + (pfn << kPageShift);
}
// Of RAM or of a client.
constexpr uintptr_t SystemAddressOfPfn(Pfn pfn) {
  return IsClientPfn(pfn) ? AddressOfClientPfn(pfn) : RamAddressOfPfn(pfn);
}
constexpr uint64_t PagesOf(uint64_t byte_count) {
  return (byte_count + kPageBytes - 1) >> kPageShift;
}

}  // namespace ring3::mm
