// SPDX-License-Identifier: MIT
#include "os/shared_region.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace ring3::os {
namespace {

constexpr int kSizeSeals = F_SEAL_SHRINK | F_SEAL_GROW;

void* MapShared(int descriptor, size_t byte_count) {
  void* const data = mmap(nullptr, byte_count, PROT_READ | PROT_WRITE, MAP_SHARED, descriptor, 0);
  return data == MAP_FAILED ? nullptr : data;
}

}  // namespace

FileIdentity IdentityOf(const Descriptor& descriptor) {
  struct stat status = {};
  if (!descriptor.valid() || fstat(descriptor.get(), &status) != 0) return {};
  return {status.st_dev, status.st_ino};
}

SharedRegion::SharedRegion(SharedRegion&& other) noexcept
    : data_(std::exchange(other.data_, nullptr)),
      byte_count_(other.byte_count_),
      descriptor_(std::move(other.descriptor_)) {}

SharedRegion& SharedRegion::operator=(SharedRegion&& other) noexcept {
  if (this != &other) {
    Unmap();
    data_ = std::exchange(other.data_, nullptr);
    byte_count_ = other.byte_count_;
    descriptor_ = std::move(other.descriptor_);
  }
  return *this;
}

SharedRegion SharedRegion::Create(const char* name, size_t byte_count) {
  SharedRegion region;
  region.descriptor_ = Descriptor(memfd_create(name, MFD_CLOEXEC | MFD_ALLOW_SEALING));
  const int descriptor = region.descriptor_.get();
  if (descriptor < 0 || ftruncate(descriptor, static_cast<off_t>(byte_count)) != 0) return {};
  if (fcntl(descriptor, F_ADD_SEALS, kSizeSeals | F_SEAL_SEAL) != 0) return {};
  region.data_ = MapShared(descriptor, byte_count);
  region.byte_count_ = byte_count;
  return region;
}

SharedRegion SharedRegion::Map(const Descriptor& descriptor, size_t byte_count) {
  SharedRegion region;
  struct stat status;
  if (!descriptor.valid() || fstat(descriptor.get(), &status) != 0) return {};
  if (static_cast<size_t>(status.st_size) != byte_count) return {};
  if ((fcntl(descriptor.get(), F_GET_SEALS) & kSizeSeals) != kSizeSeals) return {};
  region.data_ = MapShared(descriptor.get(), byte_count);
  region.byte_count_ = byte_count;
  return region;
}

void SharedRegion::Unmap() {
  // Not through the library's munmap, which an application's process interposes.
  if (data_ != nullptr) syscall(SYS_munmap, data_, byte_count_);
  data_ = nullptr;
}

}  // namespace ring3::os
