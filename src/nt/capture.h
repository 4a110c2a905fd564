// SPDX-License-Identifier: MIT
#pragma once

#include <ddi/zw.h>
#include <ntstatus.h>

#include <memory>
#include <optional>
#include <string>
#include <type_traits>
#include <vector>

#include "base/result.h"
#include "mm/user_memory.h"

// Arguments come from the application: they are copied once, into memory that it cannot change, and only the
// copy is checked and used. A bad address is STATUS_ACCESS_VIOLATION.
namespace ring3::nt {

template <typename T>
Status Read(const T* user, T* out) {
  static_assert(std::is_trivially_copyable_v<T>);
  return mm::CopyFromUser(out, user, sizeof(T));
}

template <typename T>
Status Write(T* user, const std::type_identity_t<T>& value) {
  static_assert(std::is_trivially_copyable_v<T>);
  return mm::CopyToUser(user, &value, sizeof(T));
}

// An output that may be left out.
template <typename T>
Status WriteOptional(T* user, const std::type_identity_t<T>& value) {
  return user == nullptr ? Status(STATUS_SUCCESS) : Write(user, value);
}

// A pointer to a value that may be null.
template <typename T>
class Optional {
 public:
  Status Capture(const T* user) {
    if (user == nullptr) return STATUS_SUCCESS;
    value_.emplace();
    return Read(user, &*value_);
  }
  T* get() { return value_ ? &*value_ : nullptr; }

 private:
  std::optional<T> value_;
};

// A string. STATUS_INVALID_PARAMETER where its length is odd or exceeds its maximum.
class String {
 public:
  Status Capture(const UNICODE_STRING* user);
  UNICODE_STRING* get() { return &string_; }
  std::u16string_view view() const { return text_; }

 private:
  std::u16string text_;
  UNICODE_STRING string_ = {};
};

// OBJECT_ATTRIBUTES with the name and the security descriptor that it points to. What only the kernel may ask
// for (OBJ_KERNEL_HANDLE …) is taken out.
class Attributes {
 public:
  // Null attributes are an unnamed object.
  Status Capture(const OBJECT_ATTRIBUTES* user);
  // For a service that needs a name: STATUS_INVALID_PARAMETER without.
  Status CaptureRequired(const OBJECT_ATTRIBUTES* user);
  OBJECT_ATTRIBUTES* get() { return &attributes_; }

 private:
  Status CaptureSecurityDescriptor(const void* user);

  String name_;
  std::vector<UCHAR> descriptor_;
  OBJECT_ATTRIBUTES attributes_ = {};
};

// A buffer of the application that a kernel-mode routine fills: allocated here, copied out afterwards. Byte
// counts over the limit are STATUS_INSUFFICIENT_RESOURCES.
class OutputBuffer {
 public:
  static constexpr ULONG kMostByteCount = 1 << 20;

  Status Prepare(void* user, ULONG byte_count);
  void* get() { return bytes_.empty() ? nullptr : bytes_.data(); }
  // Copies out the first `byte_count` bytes, at most all of them.
  Status CopyOut(ULONG byte_count) const;

 private:
  std::vector<UCHAR> bytes_;
  void* user_ = nullptr;
};

// Input of the application, copied in.
class InputBuffer {
 public:
  Status Capture(const void* user, ULONG byte_count);
  void* get() { return bytes_.empty() ? nullptr : bytes_.data(); }

 private:
  std::vector<UCHAR> bytes_;
};

}  // namespace ring3::nt
