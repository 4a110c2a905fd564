// SPDX-License-Identifier: MIT
#include "os/host_file.h"

#include <cerrno>
#include <ctime>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

namespace ring3::os {
namespace {

int64_t Nanoseconds(const timespec& time) {
  return int64_t{time.tv_sec} * 1'000'000'000 + time.tv_nsec;
}

timespec TimeOf(int64_t nanoseconds) {
  timespec time{};
  if (nanoseconds < 0) {
    time.tv_nsec = UTIME_OMIT;
    return time;
  }
  time.tv_sec = nanoseconds / 1'000'000'000;
  time.tv_nsec = nanoseconds % 1'000'000'000;
  return time;
}

// The file behind a descriptor that may have been opened for its attributes only.
std::string NameOfDescriptor(int descriptor) {
  return "/proc/self/fd/" + std::to_string(descriptor);
}

}  // namespace

HostError HostErrorOf(int error) {
  switch (error) {
    case 0:
      return HostError::kNone;
    case ENOENT:
      return HostError::kNotFound;
    case EEXIST:
      return HostError::kExists;
    case EISDIR:
      return HostError::kIsDirectory;
    case ENOTDIR:
      return HostError::kNotDirectory;
    case ENOTEMPTY:
      return HostError::kNotEmpty;
    case EACCES:
    case EPERM:
    case ETXTBSY:
      return HostError::kDenied;
    case EROFS:
      return HostError::kReadOnlyMedia;
    case ENOSPC:
    case EDQUOT:
    case EFBIG:
      return HostError::kFull;
    case ENAMETOOLONG:
    case EINVAL:
      return HostError::kBadName;
    default:
      return HostError::kFailed;
  }
}

HostFile::~HostFile() {
  if (descriptor_ >= 0) close(descriptor_);
}

HostFile& HostFile::operator=(HostFile&& other) noexcept {
  if (this == &other) return *this;
  if (descriptor_ >= 0) close(descriptor_);
  descriptor_ = other.descriptor_;
  other.descriptor_ = -1;
  return *this;
}

HostError HostFile::Status(HostFileStatus* status) const {
  struct stat host;
  if (fstat(descriptor_, &host) != 0) return HostErrorOf(errno);
  status->device = host.st_dev;
  status->index = host.st_ino;
  status->byte_count = S_ISDIR(host.st_mode) ? 0 : static_cast<uint64_t>(host.st_size);
  status->allocated_byte_count = S_ISDIR(host.st_mode) ? 0 : static_cast<uint64_t>(host.st_blocks) * 512;
  status->link_count = static_cast<uint32_t>(host.st_nlink);
  status->is_directory = S_ISDIR(host.st_mode);
  status->is_read_only = (host.st_mode & 0222) == 0;
  status->read = Nanoseconds(host.st_atim);
  status->written = Nanoseconds(host.st_mtim);
  status->changed = Nanoseconds(host.st_ctim);
  status->created = status->written;
  struct statx extended;
  if (statx(descriptor_, "", AT_EMPTY_PATH, STATX_BTIME, &extended) == 0 &&
      (extended.stx_mask & STATX_BTIME) != 0) {
    status->created = int64_t{extended.stx_btime.tv_sec} * 1'000'000'000 + extended.stx_btime.tv_nsec;
  }
  return S_ISDIR(host.st_mode) || S_ISREG(host.st_mode) ? HostError::kNone : HostError::kNotFile;
}

HostError HostFile::Read(uint64_t offset, void* buffer, size_t byte_count, size_t* transferred) const {
  *transferred = 0;
  while (*transferred < byte_count) {
    const ssize_t count = pread(descriptor_, static_cast<char*>(buffer) + *transferred,
                                byte_count - *transferred, static_cast<off_t>(offset + *transferred));
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return HostErrorOf(errno);
    if (count == 0) break;
    *transferred += static_cast<size_t>(count);
  }
  return HostError::kNone;
}

HostError HostFile::Write(uint64_t offset, const void* buffer, size_t byte_count, size_t* transferred) const {
  *transferred = 0;
  while (*transferred < byte_count) {
    const ssize_t count = pwrite(descriptor_, static_cast<const char*>(buffer) + *transferred,
                                 byte_count - *transferred, static_cast<off_t>(offset + *transferred));
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return HostErrorOf(errno);
    *transferred += static_cast<size_t>(count);
  }
  return HostError::kNone;
}

HostError HostFile::SetByteCount(uint64_t byte_count) const {
  return ftruncate(descriptor_, static_cast<off_t>(byte_count)) == 0 ? HostError::kNone : HostErrorOf(errno);
}

HostError HostFile::Flush() const {
  return fsync(descriptor_) == 0 ? HostError::kNone : HostErrorOf(errno);
}

HostError HostFile::SetTimes(int64_t read, int64_t written) const {
  const timespec times[2] = {TimeOf(read), TimeOf(written)};
  const bool set = utimensat(AT_FDCWD, NameOfDescriptor(descriptor_).c_str(), times, 0) == 0;
  return set ? HostError::kNone : HostErrorOf(errno);
}

HostError HostFile::SetWritable(Writable writable) const {
  struct stat host;
  if (fstat(descriptor_, &host) != 0) return HostErrorOf(errno);
  const mode_t mode = writable == Writable::kYes ? host.st_mode | S_IWUSR : host.st_mode & ~mode_t{0222};
  const bool set = chmod(NameOfDescriptor(descriptor_).c_str(), mode & 07777) == 0;
  return set ? HostError::kNone : HostErrorOf(errno);
}

}  // namespace ring3::os
