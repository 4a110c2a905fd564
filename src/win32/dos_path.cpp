// SPDX-License-Identifier: MIT
#include "win32/win32.h"

#include <cstdlib>
#include <cstring>

#include "os/process.h"

namespace ring3::win32 {
namespace {

constexpr std::u16string_view kDosDevices = u"\\??\\";

bool IsSeparator(char16_t c) {
  return c == u'\\' || c == u'/';
}

bool IsDrive(std::u16string_view path) {
  return path.size() >= 2 && path[1] == u':' &&
         ((path[0] >= u'A' && path[0] <= u'Z') || (path[0] >= u'a' && path[0] <= u'z'));
}

// Collapses separators, "." and ".." of an absolute drive path (C:\…).
std::u16string Normalise(std::u16string_view path) {
  std::u16string out(path.substr(0, 2));
  size_t i = 2;
  while (i < path.size()) {
    while (i < path.size() && IsSeparator(path[i])) ++i;
    size_t end = i;
    while (end < path.size() && !IsSeparator(path[end])) ++end;
    const std::u16string_view part = path.substr(i, end - i);
    i = end;
    if (part.empty() || part == u".") continue;
    if (part == u"..") {
      if (const size_t last = out.find_last_of(u'\\'); last != std::u16string::npos) out.resize(last);
      continue;
    }
    out.append(u"\\").append(part);
  }
  if (out.size() == 2) out.append(u"\\");
  return out;
}

std::u16string FullPath(std::u16string_view path) {
  if (IsDrive(path)) {
    if (path.size() > 2 && !IsSeparator(path[2])) {
      return Normalise(CurrentDirectory() + u"\\" + std::u16string(path.substr(2)));
    }
    return Normalise(path);
  }
  if (!path.empty() && IsSeparator(path[0])) return Normalise(u"C:" + std::u16string(path));
  return Normalise(CurrentDirectory() + u"\\" + std::u16string(path));
}

// The documented contract of the functions that return text: characters copied, or the size needed with its
// terminator.
DWORD ReturnText(std::string_view text, DWORD capacity, LPSTR buffer) {
  if (capacity <= text.size()) return static_cast<DWORD>(text.size() + 1);
  std::memcpy(buffer, text.data(), text.size());
  buffer[text.size()] = 0;
  return static_cast<DWORD>(text.size());
}

DWORD ReturnText(std::u16string_view text, DWORD capacity, LPWSTR buffer) {
  if (capacity <= text.size()) return static_cast<DWORD>(text.size() + 1);
  std::memcpy(buffer, text.data(), text.size() * 2);
  buffer[text.size()] = 0;
  return static_cast<DWORD>(text.size());
}

// Drive C: is the directory that the executive was booted with. What lies outside of it keeps its host name.
std::u16string DosPathOfHostPath(std::string_view host_path) {
  const char* const drive = std::getenv("RING3_SYSTEM_DRIVE");
  std::string_view root = drive == nullptr ? "/" : drive;
  while (root.ends_with('/')) root.remove_suffix(1);
  if (host_path.starts_with(root) && (host_path.size() == root.size() || host_path[root.size()] == '/')) {
    host_path.remove_prefix(root.size());
  }
  std::u16string path = u"C:" + Widen(host_path);
  for (char16_t& c : path) {
    if (c == u'/') c = u'\\';
  }
  return path;
}

// GetModuleFileName cuts what does not fit.
template <typename Text, typename Char>
DWORD ReturnCut(const Text& text, DWORD capacity, Char* buffer) {
  if (capacity == 0) return 0;
  if (text.size() < capacity) return ReturnText(text, capacity, buffer);
  std::memcpy(buffer, text.data(), (capacity - 1) * sizeof(Char));
  buffer[capacity - 1] = 0;
  FailWith(ERROR_INSUFFICIENT_BUFFER);
  return capacity;
}

}  // namespace

std::u16string CurrentDirectory() {
  return DosPathOfHostPath(os::CurrentDirectory());
}

std::u16string NtPathFromDosPath(std::u16string_view dos_path) {
  if (dos_path.size() > 4 && IsSeparator(dos_path[0]) && IsSeparator(dos_path[1]) &&
      (dos_path[2] == u'.' || dos_path[2] == u'?') && IsSeparator(dos_path[3])) {
    return std::u16string(kDosDevices).append(dos_path.substr(4));
  }
  if (dos_path.starts_with(kDosDevices)) return std::u16string(dos_path);
  return std::u16string(kDosDevices) + FullPath(dos_path);
}

std::u16string NamedObjectPath(std::u16string_view name, DWORD* error) {
  *error = ERROR_SUCCESS;
  if (name.empty()) return {};
  for (const std::u16string_view prefix :
       {std::u16string_view(u"Global\\"), std::u16string_view(u"Local\\")}) {
    if (name.starts_with(prefix)) {
      name.remove_prefix(prefix.size());
      break;
    }
  }
  if (name.find(u'\\') != std::u16string_view::npos) *error = ERROR_PATH_NOT_FOUND;
  if (name.size() > MAX_PATH) *error = ERROR_FILENAME_EXCED_RANGE;
  return std::u16string(u"\\BaseNamedObjects\\").append(name);
}

extern "C" {

DWORD GetCurrentDirectoryA(DWORD nBufferLength, LPSTR lpBuffer) {
  return ReturnText(std::string_view(Narrow(CurrentDirectory())), nBufferLength, lpBuffer);
}

DWORD GetCurrentDirectoryW(DWORD nBufferLength, LPWSTR lpBuffer) {
  return ReturnText(std::u16string_view(CurrentDirectory()), nBufferLength, lpBuffer);
}

DWORD GetFullPathNameA(LPCSTR lpFileName, DWORD nBufferLength, LPSTR lpBuffer, LPSTR* lpFilePart) {
  const std::string full = Narrow(FullPath(Widen(lpFileName)));
  const DWORD length = ReturnText(std::string_view(full), nBufferLength, lpBuffer);
  if (lpFilePart != nullptr && length < nBufferLength) {
    LPSTR const last = std::strrchr(lpBuffer, '\\');
    *lpFilePart = last != nullptr && last[1] != 0 ? last + 1 : nullptr;
  }
  return length;
}

// `hModule` other than null is not supported: there is one module, the program.
DWORD GetModuleFileNameA(HMODULE hModule, LPSTR lpFilename, DWORD nSize) {
  if (hModule != nullptr) {
    FailWith(ERROR_MOD_NOT_FOUND);
    return 0;
  }
  return ReturnCut(Narrow(DosPathOfHostPath(os::ExecutablePath())), nSize, lpFilename);
}

DWORD GetModuleFileNameW(HMODULE hModule, LPWSTR lpFilename, DWORD nSize) {
  if (hModule != nullptr) {
    FailWith(ERROR_MOD_NOT_FOUND);
    return 0;
  }
  return ReturnCut(DosPathOfHostPath(os::ExecutablePath()), nSize, lpFilename);
}

}  // extern "C"

}  // namespace ring3::win32
