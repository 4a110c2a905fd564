// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>

#include "os/descriptor.h"
#include "os/memory.h"

namespace ring3::os {

// The file that a descriptor is of; zeros where it is none.
FileIdentity IdentityOf(const Descriptor& descriptor);

// Memory that two processes share for talking: a memfd whose size neither can change, mapped whole.
class SharedRegion {
 public:
  SharedRegion() = default;
  SharedRegion(SharedRegion&& other) noexcept;
  SharedRegion& operator=(SharedRegion&& other) noexcept;
  ~SharedRegion() { Unmap(); }

  // Zeroed. Not valid where Linux refuses.
  static SharedRegion Create(const char* name, size_t byte_count);
  // Maps what another process created and sent. Not valid where its size is not `byte_count` or could change.
  static SharedRegion Map(const Descriptor& descriptor, size_t byte_count);

  bool valid() const { return data_ != nullptr; }
  void* data() const { return data_; }
  // Of a created region, to be sent.
  Descriptor TakeDescriptor() { return std::move(descriptor_); }

 private:
  void Unmap();

  void* data_ = nullptr;
  size_t byte_count_ = 0;
  Descriptor descriptor_;
};

}  // namespace ring3::os
