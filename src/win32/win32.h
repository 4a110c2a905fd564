// SPDX-License-Identifier: MIT
#pragma once

#include <windows.h>
#include <winternl.h>
#include <ntstatus.h>

#include <string>
#include <string_view>

#include "transport/transport.h"

namespace ring3::win32 {

inline const Ring3NtServices& Nt() {
  return transport::Services();
}

// Sets the thread's last error to the documented Win32 code of `status`; returns FALSE, for `return
// Fail(status);`.
BOOL Fail(NTSTATUS status);
// The same with a Win32 code.
BOOL FailWith(DWORD error);
DWORD ErrorOf(NTSTATUS status);

// UTF-16 text that owns its characters; wchar_t is 16 bits wide and std::wstring is not usable (libc's wide
// routines are for 32 bits).
std::u16string Widen(std::string_view utf8);
std::u16string FromWide(LPCWSTR text);
std::string Narrow(std::u16string_view text);

// A UNICODE_STRING over somebody else's characters. Length is cut at 65534 bytes.
class NtString {
 public:
  explicit NtString(std::u16string_view text)
      : string_{static_cast<USHORT>(text.size() * 2), static_cast<USHORT>(text.size() * 2),
                reinterpret_cast<PWCH>(const_cast<char16_t*>(text.data()))} {}
  PUNICODE_STRING get() { return &string_; }
  static constexpr size_t kMostCharacters = 32766;

 private:
  UNICODE_STRING string_;
};

// OBJECT_ATTRIBUTES over a name (empty: unnamed) and Win32 security attributes (may be null).
class Attributes {
 public:
  Attributes(std::u16string_view name, ULONG flags, const SECURITY_ATTRIBUTES* security = nullptr)
      : name_(name) {
    if (security != nullptr && security->bInheritHandle) flags |= OBJ_INHERIT;
    InitializeObjectAttributes(&attributes_, name.empty() ? nullptr : name_.get(), flags, nullptr,
                               security != nullptr ? security->lpSecurityDescriptor : nullptr);
  }
  POBJECT_ATTRIBUTES get() { return &attributes_; }

 private:
  NtString name_;
  OBJECT_ATTRIBUTES attributes_;
};

// A Win32 time-out in milliseconds as the services take it: null for INFINITE, else relative, in units of 100
// ns.
class Timeout {
 public:
  explicit Timeout(DWORD milliseconds) : infinite_(milliseconds == INFINITE) {
    value_.QuadPart = -static_cast<LONGLONG>(milliseconds) * 10000;
  }
  PLARGE_INTEGER get() { return infinite_ ? nullptr : &value_; }

 private:
  LARGE_INTEGER value_;
  bool infinite_;
};

// \\.\X and \\?\X become \??\X; a drive or relative path becomes \??\C:\…; reserved characters stay.
std::u16string NtPathFromDosPath(std::u16string_view dos_path);
// The current directory as C:\…
std::u16string CurrentDirectory();
// The name of an event, mutex, semaphore or timer in the object manager; Global\ and Local\ are understood.
// Empty for an empty name. `*error` is set to a Win32 code where the name cannot be one.
std::u16string NamedObjectPath(std::u16string_view name, DWORD* error);

}  // namespace ring3::win32
