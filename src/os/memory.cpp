// SPDX-License-Identifier: MIT
#include "os/memory.h"

#include <errno.h>
#include <fcntl.h>
#include <malloc.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cstdio>
#include <limits>

#include "base/fault_injection.h"
#include "ntstatus.h"
#include "os/linux_protection.h"

#if defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define RING3_SANITIZER_ALLOCATOR 1
#endif
#endif

namespace ring3::os {
namespace {

constexpr uintptr_t kLowestAddress = 0x10000;

// Sanitizers keep a shadow of what is mapped and unmapped, which takes seconds for our largest ranges. Their
// shadow is good as it is: what is poisoned there is unpoisoned before it is given back.
constexpr size_t kTooLargeForShadow = size_t{1} << 30;

void* MapMemory(uintptr_t address, size_t byte_count, int protection, int flags, int descriptor = -1,
                uint64_t offset = 0) {
  if (byte_count < kTooLargeForShadow) {
    return mmap(reinterpret_cast<void*>(address), byte_count, protection, flags, descriptor,
                static_cast<off_t>(offset));
  }
  return reinterpret_cast<void*>(
      syscall(SYS_mmap, address, byte_count, protection, flags, descriptor, offset));
}

void* Pointer(uintptr_t address) {
  return reinterpret_cast<void*>(address);  // NOLINT(performance-no-int-to-ptr)
}

}  // namespace

Status ReserveAt(uintptr_t address, size_t byte_count) {
  if (ShouldFail("mmap")) return STATUS_INSUFFICIENT_RESOURCES;
  void* mapped = MapMemory(address, byte_count, PROT_NONE,
                           MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED_NOREPLACE);
  if (mapped == MAP_FAILED)
    return errno == EEXIST ? STATUS_CONFLICTING_ADDRESSES : STATUS_INSUFFICIENT_RESOURCES;
  if (mapped == Pointer(address)) return STATUS_SUCCESS;
  Release(reinterpret_cast<uintptr_t>(mapped), byte_count);
  return STATUS_CONFLICTING_ADDRESSES;
}

uintptr_t ReserveAnywhere(size_t byte_count, size_t alignment, uintptr_t limit, Placement placement) {
  if (ShouldFail("mmap")) return 0;
  if (byte_count > limit) return 0;
  const size_t padded = byte_count + alignment;
  if (padded < byte_count) return 0;
  // Linux places top down by itself; below a limit, its choice has to be steered.
  if (limit < std::numeric_limits<uint32_t>::max() + uint64_t{1}) {
    for (uintptr_t at = placement == Placement::kTopDown ? (limit - byte_count) & ~(alignment - 1)
                                                         : alignment;
         at >= kLowestAddress && at + byte_count <= limit;
         at = placement == Placement::kTopDown ? at - alignment : at + alignment) {
      if (ReserveAt(at, byte_count).ok()) return at;
      if (at < alignment) break;
    }
    return 0;
  }
  void* mapped = mmap(nullptr, padded, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (mapped == MAP_FAILED) return 0;
  const uintptr_t start = reinterpret_cast<uintptr_t>(mapped);
  const uintptr_t end = start + padded;
  const uintptr_t aligned = placement == Placement::kTopDown ? (end - byte_count) & ~(alignment - 1)
                                                             : (start + alignment - 1) & ~(alignment - 1);
  if (aligned > start) Release(start, aligned - start);
  if (aligned + byte_count < end) Release(aligned + byte_count, end - aligned - byte_count);
  if (aligned + byte_count <= limit) return aligned;
  Release(aligned, byte_count);
  return 0;
}

void Release(uintptr_t address, size_t byte_count) {
  // Not through the library's munmap, which an application's process interposes. A sanitizer learns what it
  // has to when the range is mapped again.
  syscall(SYS_munmap, address, byte_count);
}

Status Decommit(uintptr_t address, size_t byte_count) {
  if (ShouldFail("mmap")) return STATUS_INSUFFICIENT_RESOURCES;
  void* mapped = MapMemory(address, byte_count, PROT_NONE,
                           MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED, -1, 0);
  return mapped == MAP_FAILED ? STATUS_INSUFFICIENT_RESOURCES : STATUS_SUCCESS;
}

Status Protect(uintptr_t address, size_t byte_count, Protection protection) {
  if (ShouldFail("mprotect")) return STATUS_INSUFFICIENT_RESOURCES;
  if (mprotect(Pointer(address), byte_count, LinuxProtection(protection)) == 0) return STATUS_SUCCESS;
  return errno == EACCES ? STATUS_INVALID_PAGE_PROTECTION : STATUS_INSUFFICIENT_RESOURCES;
}

void Discard(uintptr_t address, size_t byte_count) {
  syscall(SYS_madvise, address, byte_count, MADV_DONTNEED);
}

uintptr_t NewPage() {
  const long page = syscall(SYS_mmap, 0L, 4096L, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0L);
  return page < 0 && page > -4096 ? 0 : static_cast<uintptr_t>(page);
}

bool MovePage(uintptr_t from, uintptr_t to) {
  return syscall(SYS_mremap, from, 4096L, 4096L, MREMAP_MAYMOVE | MREMAP_FIXED, to) == static_cast<long>(to);
}

Status MemoryObject::Create(const char* name, uint64_t byte_count) {
  if (ShouldFail("memfd_create")) return STATUS_INSUFFICIENT_RESOURCES;
  descriptor_ = AboveStandard(memfd_create(name, MFD_CLOEXEC | MFD_ALLOW_SEALING));
  if (descriptor_ < 0) return STATUS_INSUFFICIENT_RESOURCES;
  if (ftruncate(descriptor_, static_cast<off_t>(byte_count)) != 0) return STATUS_INSUFFICIENT_RESOURCES;
  // Nobody, a process that shares it later included, can pull pages from under a mapping by truncating.
  fcntl(descriptor_, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW);
  char path[48];
  std::snprintf(path, sizeof path, "/proc/self/fd/%d", descriptor_);
  read_only_descriptor_ = AboveStandard(open(path, O_RDONLY | O_CLOEXEC));
  return read_only_descriptor_ < 0 ? STATUS_INSUFFICIENT_RESOURCES : STATUS_SUCCESS;
}

void MemoryObject::Close() {
  if (descriptor_ >= 0) close(descriptor_);
  if (read_only_descriptor_ >= 0) close(read_only_descriptor_);
  descriptor_ = read_only_descriptor_ = -1;
}

Status MemoryObject::MapAt(uintptr_t address, uint64_t byte_count, uint64_t offset,
                           Protection protection) const {
  if (ShouldFail("mmap")) return STATUS_INSUFFICIENT_RESOURCES;
  void* mapped = MapMemory(address, byte_count, LinuxProtection(protection),
                           MAP_SHARED | MAP_FIXED | MAP_NORESERVE, descriptor_, offset);
  return mapped == MAP_FAILED ? STATUS_INSUFFICIENT_RESOURCES : STATUS_SUCCESS;
}

Status MemoryObject::MapReadOnlyAt(uintptr_t address, uint64_t byte_count, uint64_t offset) const {
  if (ShouldFail("mmap")) return STATUS_INSUFFICIENT_RESOURCES;
  void* mapped = MapMemory(address, byte_count, PROT_READ, MAP_SHARED | MAP_FIXED | MAP_NORESERVE,
                           read_only_descriptor_, offset);
  return mapped == MAP_FAILED ? STATUS_INSUFFICIENT_RESOURCES : STATUS_SUCCESS;
}

void MemoryObject::Punch(uint64_t offset, uint64_t byte_count) const {
  fallocate(descriptor_, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, static_cast<off_t>(offset),
            static_cast<off_t>(byte_count));
}

void KeepFreedMemoryMapped() {
#if !RING3_SANITIZER_ALLOCATOR
  // Large blocks come from the heap instead of mappings of their own, and no heap is trimmed. Several arenas
  // would still release whole heaps, so that there is to be one; its lock is seldom met behind the per-thread
  // caches.
  mallopt(M_MMAP_MAX, 0);
  mallopt(M_TRIM_THRESHOLD, std::numeric_limits<int>::max());
  mallopt(M_ARENA_MAX, 1);
#endif
}

}  // namespace ring3::os
