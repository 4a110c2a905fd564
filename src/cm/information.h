// SPDX-License-Identifier: MIT
#pragma once

#include <ddi/cm.h>
#include <ntstatus.h>

#include <algorithm>
#include <cstring>
#include <string_view>

#include "cm/key.h"

namespace ring3::cm {

// Fills a caller's buffer front to back, as far as it goes, and keeps count of what would have been needed.
class InformationWriter {
 public:
  InformationWriter(void* buffer, ULONG length) : buffer_(static_cast<uint8_t*>(buffer)), length_(length) {}

  // The part before the variable-sized one; `fixed_byte_count` of the structure.
  template <typename Fixed>
  void PutFixed(const Fixed& fixed, size_t fixed_byte_count) {
    fixed_byte_count_ = fixed_byte_count;
    Put(&fixed, fixed_byte_count);
  }
  void Put(const void* data, size_t byte_count) {
    if (offset_ < length_) std::memcpy(buffer_ + offset_, data, std::min(byte_count, length_ - offset_));
    offset_ += byte_count;
  }
  void PutText(std::u16string_view text) { Put(text.data(), text.size() * sizeof(WCHAR)); }
  void AlignTo(size_t alignment) { offset_ = (offset_ + alignment - 1) & ~(alignment - 1); }
  size_t offset() const { return offset_; }

  // STATUS_BUFFER_TOO_SMALL leaves the buffer's contents undefined, STATUS_BUFFER_OVERFLOW holds what fitted.
  NTSTATUS Finish(PULONG result_length) const {
    *result_length = static_cast<ULONG>(offset_);
    if (length_ < fixed_byte_count_) return STATUS_BUFFER_TOO_SMALL;
    return length_ < offset_ ? STATUS_BUFFER_OVERFLOW : STATUS_SUCCESS;
  }

 private:
  uint8_t* const buffer_;
  const size_t length_;
  size_t offset_ = 0;
  size_t fixed_byte_count_ = 0;
};

NTSTATUS WriteKeyInformation(const Key& key, KEY_INFORMATION_CLASS information_class,
                             InformationWriter& writer, PULONG result_length) RING3_REQUIRES(g_registry_lock);
NTSTATUS WriteValueInformation(const Value& value, KEY_VALUE_INFORMATION_CLASS information_class,
                               InformationWriter& writer, PULONG result_length);

}  // namespace ring3::cm
