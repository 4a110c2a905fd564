// SPDX-License-Identifier: MIT
#include "os/memory.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/ioctl.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include <cstdio>
#include <cstring>

#include "base/fault_injection.h"
#include "ntstatus.h"

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
  return Open(getpid());
}

Status RegionMap::Open(int process_id) {
  if (ShouldFail("open")) return STATUS_INSUFFICIENT_RESOURCES;
  char path[32];
  std::snprintf(path, sizeof path, "/proc/%d/maps", process_id);
  descriptor_ = open(path, O_RDONLY | O_CLOEXEC);
  if (descriptor_ >= 0) return STATUS_SUCCESS;
  return errno == EACCES || errno == EPERM ? STATUS_ACCESS_DENIED : STATUS_INSUFFICIENT_RESOURCES;
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
    // ESRCH and an empty map: the process has ended.
    if (errno != ENOTTY) return false;
    ioctl_works_ = false;  // an older kernel
    return Parse(address, or_next, region);
  }
  *region = {query.vma_start,
             query.vma_end,
             (query.vma_flags & kVmaReadable) != 0,
             (query.vma_flags & kVmaWritable) != 0,
             (query.vma_flags & kVmaExecutable) != 0,
             (query.vma_flags & kVmaShared) != 0,
             query.inode != 0,
             {makedev(query.dev_major, query.dev_minor), query.inode},
             query.vma_offset};
  return true;
}

bool RegionMap::Parse(uintptr_t address, bool or_next, Region* region) const {
  // A stream of its own: the descriptor's offset would be shared by threads. By way of the descriptor:
  // another process may have the number now.
  char path[32];
  std::snprintf(path, sizeof path, "/proc/self/fd/%d", descriptor_);
  FILE* maps = std::fopen(path, "re");
  if (maps == nullptr) return false;
  bool found = false;
  char line[512];
  while (!found && std::fgets(line, sizeof line, maps) != nullptr) {
    unsigned long start, end, offset, inode;
    unsigned device_major, device_minor;
    char flags[8];
    if (std::sscanf(line, "%lx-%lx %7s %lx %x:%x %lu", &start, &end, flags, &offset, &device_major,
                    &device_minor, &inode) != 7) {
      continue;
    }
    if (end <= address) continue;
    if (start > address && !or_next) break;
    *region = {start,           end,
               flags[0] == 'r', flags[1] == 'w',
               flags[2] == 'x', flags[3] == 's',
               inode != 0,      {makedev(device_major, device_minor), inode},
               offset};
    found = true;
  }
  std::fclose(maps);
  return found;
}

}  // namespace ring3::os
