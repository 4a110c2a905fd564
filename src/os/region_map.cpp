// SPDX-License-Identifier: MIT
#include <errno.h>
#include <fcntl.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <cstdio>
#include <cstring>

#include "base/fault_injection.h"
#include "ntstatus.h"
#include "os/memory.h"

namespace ring3::os {
namespace {

// The kernel's interface (linux/fs.h of 6.11), which distributions' headers do not all have yet.
struct ProcmapQuery {
  uint64_t size;
  uint64_t query_flags;
  uint64_t query_addr;
  uint64_t vma_start;
  uint64_t vma_end;
  uint64_t vma_flags;
  uint64_t vma_page_size;
  uint64_t vma_offset;
  uint64_t inode;
  uint32_t dev_major;
  uint32_t dev_minor;
  uint32_t vma_name_size;
  uint32_t build_id_size;
  uint64_t vma_name_addr;
  uint64_t build_id_addr;
};
constexpr unsigned long kProcmapQuery = _IOWR('f', 17, ProcmapQuery);
constexpr uint64_t kVmaReadable = 1, kVmaWritable = 2, kVmaExecutable = 4, kVmaShared = 8;
constexpr uint64_t kCoveringOrNext = 0x10;

}  // namespace

Status RegionMap::Open() {
  if (ShouldFail("open")) return STATUS_INSUFFICIENT_RESOURCES;
  descriptor_ = open("/proc/self/maps", O_RDONLY | O_CLOEXEC);
  return descriptor_ < 0 ? STATUS_INSUFFICIENT_RESOURCES : STATUS_SUCCESS;
}

void RegionMap::Close() {
  if (descriptor_ >= 0) close(descriptor_);
  descriptor_ = -1;
}

bool RegionMap::Find(uintptr_t address, Region* region) const {
  return Query(address, false, region);
}
bool RegionMap::FindOrNext(uintptr_t address, Region* region) const {
  return Query(address, true, region);
}

bool RegionMap::Query(uintptr_t address, bool or_next, Region* region) const {
  if (!ioctl_works_) return Parse(address, or_next, region);
  ProcmapQuery query;
  std::memset(&query, 0, sizeof query);
  query.size = sizeof query;
  query.query_addr = address;
  query.query_flags = or_next ? kCoveringOrNext : 0;
  if (ioctl(descriptor_, kProcmapQuery, &query) != 0) {
    if (errno == ENOENT) return false;
    ioctl_works_ = false;  // an older kernel: ENOTTY
    return Parse(address, or_next, region);
  }
  *region = {query.vma_start,
             query.vma_end,
             (query.vma_flags & kVmaReadable) != 0,
             (query.vma_flags & kVmaWritable) != 0,
             (query.vma_flags & kVmaExecutable) != 0,
             (query.vma_flags & kVmaShared) != 0,
             query.inode != 0};
  return true;
}

bool RegionMap::Parse(uintptr_t address, bool or_next, Region* region) const {
  // A stream of its own: the descriptor's offset would be shared by threads.
  FILE* maps = std::fopen("/proc/self/maps", "re");
  if (maps == nullptr) return false;
  bool found = false;
  char line[512];
  while (!found && std::fgets(line, sizeof line, maps) != nullptr) {
    unsigned long start, end, inode;
    char flags[8];
    if (std::sscanf(line, "%lx-%lx %7s %*s %*s %lu", &start, &end, flags, &inode) != 4) continue;
    if (end <= address) continue;
    if (start > address && !or_next) break;
    *region = {start, end, flags[0] == 'r', flags[1] == 'w', flags[2] == 'x', flags[3] == 's', inode != 0};
    found = true;
  }
  std::fclose(maps);
  return found;
}

}  // namespace ring3::os
