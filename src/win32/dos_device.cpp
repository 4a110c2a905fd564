// SPDX-License-Identifier: MIT
// https://learn.microsoft.com/windows/win32/api/fileapi/nf-fileapi-querydosdevicew
#include "win32/nt_handle.h"
#include "win32/win32.h"

#include <cstring>
#include <vector>

namespace ring3::win32 {
namespace {

constexpr std::u16string_view kDosDevices = u"\\??";
constexpr ACCESS_MASK kSymbolicLinkQuery = 1;

// Each text of `list` ends with a null character, and so does the list.
NTSTATUS AppendTarget(std::u16string_view name, std::u16string* list) {
  const std::u16string path = std::u16string(kDosDevices).append(u"\\").append(name);
  Attributes attributes(path, OBJ_CASE_INSENSITIVE);
  NtHandle link;
  NTSTATUS status = Nt().NtOpenSymbolicLinkObject(link.out(), kSymbolicLinkQuery, attributes.get());
  if (!NT_SUCCESS(status)) return status;
  std::vector<char16_t> buffer(NtString::kMostCharacters);
  UNICODE_STRING target = {0, static_cast<USHORT>(buffer.size() * 2), reinterpret_cast<PWCH>(buffer.data())};
  status = Nt().NtQuerySymbolicLinkObject(link.get(), &target, nullptr);
  if (NT_SUCCESS(status)) list->append(buffer.data(), target.Length / 2u).push_back(0);
  return status;
}

NTSTATUS AppendNames(std::u16string* list) {
  return ForEachInDirectory(kDosDevices, [&](std::u16string_view name, std::u16string_view type) {
    if (type == u"SymbolicLink") list->append(name).push_back(0);
    return true;
  });
}

// What QueryDosDevice returns, both terminators included; empty with the last error set on failure.
std::u16string Query(const std::u16string* name) {
  std::u16string list;
  const NTSTATUS status = name != nullptr ? AppendTarget(*name, &list) : AppendNames(&list);
  if (!NT_SUCCESS(status)) {
    // A name that is there but is no link is not a DOS device.
    status == STATUS_OBJECT_TYPE_MISMATCH ? FailWith(ERROR_FILE_NOT_FOUND) : Fail(status);
    return {};
  }
  list.push_back(0);
  return list;
}

template <typename Text, typename Unit>
DWORD Deliver(const Text& list, Unit* to, DWORD capacity) {
  if (list.empty()) return 0;
  if (to == nullptr || capacity < list.size()) return static_cast<DWORD>(FailWith(ERROR_INSUFFICIENT_BUFFER));
  std::memcpy(to, list.data(), list.size() * sizeof(Unit));
  return static_cast<DWORD>(list.size());
}

}  // namespace

extern "C" {

// The target of a link in \??, or, for a null name, the names of all links. Returns the characters stored,
// with the two terminators; 0 and ERROR_FILE_NOT_FOUND or ERROR_INSUFFICIENT_BUFFER.
DWORD QueryDosDeviceW(LPCWSTR lpDeviceName, LPWSTR lpTargetPath, DWORD ucchMax) {
  const std::u16string name = FromWide(lpDeviceName);
  return Deliver(Query(lpDeviceName == nullptr ? nullptr : &name), lpTargetPath, ucchMax);
}

DWORD QueryDosDeviceA(LPCSTR lpDeviceName, LPSTR lpTargetPath, DWORD ucchMax) {
  const std::u16string name = lpDeviceName == nullptr ? std::u16string() : Widen(lpDeviceName);
  return Deliver(Narrow(Query(lpDeviceName == nullptr ? nullptr : &name)), lpTargetPath, ucchMax);
}

}  // extern "C"

}  // namespace ring3::win32
