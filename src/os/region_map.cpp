// SPDX-License-Identifier: MIT
#include "os/memory.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
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

// No handler runs in this thread, which might want what the thread has or keep it from going on.
class WithoutSignals {
 public:
  WithoutSignals() {
    sigset_t all;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &saved_);
  }
  ~WithoutSignals() { pthread_sigmask(SIG_SETMASK, &saved_, nullptr); }
  WithoutSignals(const WithoutSignals&) = delete;
  WithoutSignals& operator=(const WithoutSignals&) = delete;

 private:
  sigset_t saved_;
};

// The text of /proc/<pid>/maps, from its beginning.
class MapsText {
 public:
  explicit MapsText(int descriptor) : descriptor_(descriptor) {}

  static constexpr int kEnd = -1;
  int Next() { return at_ != end_ || Fill() ? buffer_[at_++] : kEnd; }
  // Reads the character behind it as well.
  uint64_t Number(unsigned base) {
    uint64_t number = 0;
    for (;;) {
      last_ = Next();
      unsigned digit;
      if (last_ >= '0' && last_ <= '9') {
        digit = static_cast<unsigned>(last_ - '0');
      } else if (last_ >= 'a' && last_ <= 'f') {
        digit = static_cast<unsigned>(last_ - 'a') + 10;
      } else {
        return number;
      }
      number = number * base + digit;
    }
  }
  void SkipLine() {
    while (last_ != '\n' && last_ != kEnd) last_ = Next();
  }
  bool AtEnd() const { return last_ == kEnd; }

 private:
  bool Fill() {
    ssize_t bytes;
    // A process that has ended has nothing more. That Linux has no memory at the moment says nothing.
    do bytes = pread(descriptor_, buffer_, sizeof buffer_, offset_);
    while (bytes < 0 && (errno == ENOMEM || errno == EINTR || errno == EAGAIN));
    if (bytes <= 0) return false;
    offset_ += bytes;
    at_ = 0;
    end_ = static_cast<size_t>(bytes);
    return true;
  }

  const int descriptor_;
  off_t offset_ = 0;
  size_t at_ = 0, end_ = 0;
  int last_ = 0;
  char buffer_[1024];
};

}  // namespace

Status RegionMap::Open() {
  return Open(getpid());
}

Status RegionMap::Open(int process_id) {
  if (ShouldFail("open")) return STATUS_INSUFFICIENT_RESOURCES;
  char path[32];
  std::snprintf(path, sizeof path, "/proc/%d/maps", process_id);
  descriptor_ = AboveStandard(open(path, O_RDONLY | O_CLOEXEC));
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
  const WithoutSignals quiet;
  const MutexGuard guard(parsing_);
  MapsText text(descriptor_);
  for (;;) {
    const uintptr_t start = text.Number(16);
    if (text.AtEnd()) return false;
    const uintptr_t end = text.Number(16);
    char flags[5];
    for (char& flag : flags) flag = static_cast<char>(text.Next());
    const uint64_t offset = text.Number(16);
    const auto device_major = static_cast<unsigned>(text.Number(16));
    const auto device_minor = static_cast<unsigned>(text.Number(16));
    const uint64_t inode = text.Number(10);
    if (text.AtEnd()) return false;
    text.SkipLine();
    if (end <= address) continue;
    if (start > address && !or_next) return false;
    *region = {start,           end,
               flags[0] == 'r', flags[1] == 'w',
               flags[2] == 'x', flags[3] == 's',
               inode != 0,      {makedev(device_major, device_minor), inode},
               offset};
    return true;
  }
}

}  // namespace ring3::os
