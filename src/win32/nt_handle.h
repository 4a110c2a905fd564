// SPDX-License-Identifier: MIT
#pragma once

#include "win32/win32.h"

namespace ring3::win32 {

// Closes a handle of the executive.
class NtHandle {
 public:
  ~NtHandle() {
    if (handle_ != nullptr) Nt().NtClose(handle_);
  }
  NtHandle() = default;
  NtHandle(const NtHandle&) = delete;
  NtHandle& operator=(const NtHandle&) = delete;
  HANDLE get() const { return handle_; }
  PHANDLE out() { return &handle_; }

 private:
  HANDLE handle_ = nullptr;
};

// Calls `visit(name, type name)` for each object of a directory until it returns false. The status of opening
// the directory.
template <typename Visit>
NTSTATUS ForEachInDirectory(std::u16string_view path, Visit visit) {
  struct Entry {
    UNICODE_STRING name;
    UNICODE_STRING type;
  };
  constexpr ACCESS_MASK kDirectoryQuery = 1;
  NtHandle directory;
  Attributes attributes(path, OBJ_CASE_INSENSITIVE);
  const NTSTATUS status = Nt().NtOpenDirectoryObject(directory.out(), kDirectoryQuery, attributes.get());
  if (!NT_SUCCESS(status)) return status;
  const auto view = [](const UNICODE_STRING& text) {
    return std::u16string_view(reinterpret_cast<const char16_t*>(text.Buffer), text.Length / 2u);
  };
  ULONG context = 0;
  alignas(8) UCHAR buffer[2048];
  BOOLEAN restart = TRUE;
  ULONG returned = 0;
  while (NT_SUCCESS(Nt().NtQueryDirectoryObject(directory.get(), buffer, sizeof(buffer), TRUE, restart,
                                                &context, &returned))) {
    restart = FALSE;
    const auto* const entry = reinterpret_cast<const Entry*>(buffer);
    if (!visit(view(entry->name), view(entry->type))) break;
  }
  return STATUS_SUCCESS;
}

}  // namespace ring3::win32
