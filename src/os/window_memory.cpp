// SPDX-License-Identifier: MIT
#include "os/window_memory.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "ntstatus.h"
#include "os/linux_protection.h"

namespace ring3::os {
namespace {

// System calls themselves: a sanitizer's mmap may not be called from a signal handler, nor for addresses that
// it would rather have for itself.
uintptr_t Map(uintptr_t address, size_t byte_count, int protection, int flags, int descriptor,
              size_t offset) {
  const long mapped = syscall(SYS_mmap, address, byte_count, protection, flags, descriptor, offset);
  return mapped == -1 ? 0 : static_cast<uintptr_t>(mapped);
}

Shown Outcome(uintptr_t mapped, uintptr_t wanted, size_t byte_count) {
  if (mapped == wanted) return Shown::kShown;
  if (mapped == 0) return errno == EEXIST ? Shown::kAddressTaken : Shown::kRefused;
  Release(mapped, byte_count);
  return Shown::kAddressTaken;
}

}  // namespace

uintptr_t MapAside(uintptr_t existing, size_t byte_count, Protection protection) {
  // An old size of zero: a second mapping of the same shared pages.
  constexpr size_t kAgain = 0;
  const long aside = syscall(SYS_mremap, existing, kAgain, byte_count, MREMAP_MAYMOVE, 0L);
  if (aside == -1) return 0;
  const auto address = static_cast<uintptr_t>(aside);
  if (protection == Protection::kReadWrite ||
      syscall(SYS_mprotect, address, byte_count, LinuxProtection(protection)) == 0) {
    return address;
  }
  Release(address, byte_count);
  return 0;
}

Shown ShowFromAside(uintptr_t aside, size_t byte_count, uintptr_t address) {
  const Shown reserved =
      Outcome(Map(address, byte_count, PROT_NONE,
                  MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED_NOREPLACE, -1, 0),
              address, byte_count);
  if (reserved == Shown::kShown &&
      syscall(SYS_mremap, aside, byte_count, byte_count, MREMAP_MAYMOVE | MREMAP_FIXED, address) ==
          static_cast<long>(address)) {
    return Shown::kShown;
  }
  Release(aside, byte_count);
  if (reserved != Shown::kShown) return reserved;
  Release(address, byte_count);
  return Shown::kRefused;
}

Status ScratchMemory::Create(const char* name, size_t byte_count) {
  descriptor_ = AboveStandard(memfd_create(name, MFD_CLOEXEC));
  if (descriptor_ < 0) return STATUS_INSUFFICIENT_RESOURCES;
  byte_count_ = byte_count;
  if (ftruncate(descriptor_, static_cast<off_t>(byte_count)) != 0) return STATUS_INSUFFICIENT_RESOURCES;
  void* mapped =
      mmap(nullptr, byte_count, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_NORESERVE, descriptor_, 0);
  if (mapped == MAP_FAILED) return STATUS_INSUFFICIENT_RESOURCES;
  base_ = static_cast<std::byte*>(mapped);
  return STATUS_SUCCESS;
}

void ScratchMemory::Close() {
  if (base_ != nullptr) munmap(base_, byte_count_);
  if (descriptor_ >= 0) close(descriptor_);
  base_ = nullptr;
  descriptor_ = -1;
}

Shown ScratchMemory::ShowAt(uintptr_t address, size_t byte_count, size_t offset,
                            Protection protection) const {
  // The pages are there: they have just been filled.
  return Outcome(Map(address, byte_count, LinuxProtection(protection),
                     MAP_SHARED | MAP_NORESERVE | MAP_FIXED_NOREPLACE | MAP_POPULATE, descriptor_, offset),
                 address, byte_count);
}

void ScratchMemory::Punch(size_t offset, size_t byte_count) const {
  syscall(SYS_fallocate, descriptor_, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, offset, byte_count);
}

}  // namespace ring3::os
