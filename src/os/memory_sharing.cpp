// SPDX-License-Identifier: MIT
// Memory objects that other processes get.
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>

#include "base/fault_injection.h"
#include "ntstatus.h"
#include "os/linux_protection.h"
#include "os/memory.h"

namespace ring3::os {
namespace {

int OpenAgain(int descriptor, int flags) {
  char path[48];
  std::snprintf(path, sizeof path, "/proc/self/fd/%d", descriptor);
  return AboveStandard(open(path, flags | O_CLOEXEC));
}

bool HasOpen(int process_id, const FileIdentity& file) {
  char path[32];
  std::snprintf(path, sizeof path, "/proc/%d/fd", process_id);
  DIR* directory = opendir(path);
  if (directory == nullptr) return errno != ENOENT && errno != ESRCH;
  bool found = false;
  while (const dirent* entry = readdir(directory)) {
    struct stat status;
    if (fstatat(dirfd(directory), entry->d_name, &status, 0) != 0) continue;
    if (!(FileIdentity{status.st_dev, status.st_ino} == file)) continue;
    found = true;
    break;
  }
  closedir(directory);
  return found;
}

}  // namespace

Status MemoryObject::CreateForPeers(const char* name, uint64_t byte_count) {
  if (ShouldFail("memfd_create")) return STATUS_INSUFFICIENT_RESOURCES;
  const int made = memfd_create(name, MFD_CLOEXEC | MFD_ALLOW_SEALING);
  if (made < 0) return STATUS_INSUFFICIENT_RESOURCES;
  if (ftruncate(made, static_cast<off_t>(byte_count)) == 0) {
    fcntl(made, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW);
    // Linux counts those who opened a file, and the maker of a memfd has not opened it.
    descriptor_ = OpenAgain(made, O_RDWR);
  }
  close(made);
  if (descriptor_ < 0) return STATUS_INSUFFICIENT_RESOURCES;
  // What Linux sends to the holder of a lease when somebody opens the file: ignored by default, as SIGIO is
  // not.
  fcntl(descriptor_, F_SETSIG, SIGURG);
  return STATUS_SUCCESS;
}

Status MemoryObject::ReplaceAt(uintptr_t address, uint64_t byte_count, uint64_t offset,
                               Protection protection) const {
  if (ShouldFail("mmap")) return STATUS_INSUFFICIENT_RESOURCES;
  const long mapped = syscall(SYS_mmap, address, byte_count, LinuxProtection(protection),
                              MAP_SHARED | MAP_FIXED | MAP_NORESERVE, descriptor_, offset);
  return mapped == -1 ? STATUS_INSUFFICIENT_RESOURCES : STATUS_SUCCESS;
}

Status MemoryObject::CopyFrom(const MemoryObject& source, uint64_t source_offset, uint64_t offset,
                              uint64_t byte_count) const {
  if (ShouldFail("copy")) return STATUS_INSUFFICIENT_RESOURCES;
  const off_t end = static_cast<off_t>(source_offset + byte_count);
  off_t at = static_cast<off_t>(source_offset);
  while (at < end) {
    const off_t data = lseek(source.descriptor_, at, SEEK_DATA);
    if (data < 0 && errno != ENXIO) return STATUS_INSUFFICIENT_RESOURCES;
    if (data < 0 || data >= end) return STATUS_SUCCESS;
    const off_t hole = lseek(source.descriptor_, data, SEEK_HOLE);
    const off_t data_end = hole < 0 ? end : std::min(hole, end);
    for (at = data; at < data_end;) {
      off_t from = at;
      off_t to = static_cast<off_t>(offset) + (at - static_cast<off_t>(source_offset));
      const ssize_t copied =
          copy_file_range(source.descriptor_, &from, descriptor_, &to, static_cast<size_t>(data_end - at), 0);
      if (copied <= 0 && errno == EINTR) continue;
      if (copied <= 0) return STATUS_INSUFFICIENT_RESOURCES;
      at += copied;
    }
  }
  return STATUS_SUCCESS;
}

Result<FileIdentity> MemoryObject::Identity() const {
  struct stat status;
  if (fstat(descriptor_, &status) != 0) return STATUS_INVALID_HANDLE;
  return FileIdentity{status.st_dev, status.st_ino};
}

Result<Descriptor> MemoryObject::OpenForPeer(PeerAccess access) const {
  if (ShouldFail("open")) return STATUS_INSUFFICIENT_RESOURCES;
  const int descriptor = OpenAgain(descriptor_, access == PeerAccess::kRead ? O_RDONLY : O_RDWR);
  if (descriptor < 0) return STATUS_INSUFFICIENT_RESOURCES;
  return Descriptor(descriptor);
}

Status MemoryObject::SealFutureWrites() const {
  if (ShouldFail("fcntl")) return STATUS_INSUFFICIENT_RESOURCES;
  const int failed = fcntl(descriptor_, F_ADD_SEALS, F_SEAL_FUTURE_WRITE);
  return failed != 0 ? STATUS_NOT_SUPPORTED : STATUS_SUCCESS;
}

bool MemoryObject::IsHeldElsewhere() const {
  // A lease for writing is given to who alone has the file open; mappings count, as each keeps its file open.
  if (fcntl(descriptor_, F_SETLEASE, F_WRLCK) != 0) return true;
  fcntl(descriptor_, F_SETLEASE, F_UNLCK);
  return false;
}

Status MapAgain(uintptr_t from, uintptr_t to, size_t byte_count) {
  if (ShouldFail("mremap")) return STATUS_INSUFFICIENT_RESOURCES;
  // An old size of zero: the mapping stays where it is as well.
  const long mapped = syscall(SYS_mremap, from, 0L, byte_count, MREMAP_MAYMOVE | MREMAP_FIXED, to);
  return mapped == static_cast<long>(to) ? STATUS_SUCCESS : STATUS_INSUFFICIENT_RESOURCES;
}

bool ProcessHoldsFile(int process_id, const FileIdentity& file) {
  if (HasOpen(process_id, file)) return true;
  RegionMap regions;
  if (!regions.Open(process_id).ok()) return kill(process_id, 0) == 0;
  Region region;
  for (uintptr_t at = 0; regions.FindOrNext(at, &region); at = region.end) {
    if (region.has_file && region.file == file) return true;
  }
  return false;
}

}  // namespace ring3::os
