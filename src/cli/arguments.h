// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <vector>

namespace ring3::cli {

// What `ring3` ends with when it is not with the client's own status.
enum ExitStatus : int {
  kBugCheck = 86,
  kLeaked = 87,              // with --fail-on-leaks
  kRing3Failed = 125,        // wrong options, no executive, a driver that is missing or does not load
  kClientNotRunnable = 126,  // not a program, or not one that ring3-cc built
  kClientNotFound = 127,
  kClientKilled = 128,  // and the signal's number
};

// What a new executive is like.
struct ExecutiveOptions {
  std::vector<std::string> drivers;
  std::string registry_file;
  std::string system_drive = "/";
  // "address" or "undefined": the host has that sanitizer's runtime. Empty: the one that the drivers want.
  std::string sanitizer;
  bool verbose = false;
  bool special_pool = false;
  bool fail_on_leaks = false;
};

// Paths travel as absolute ones: whoever gets them may be in another directory.
std::string Absolute(const std::string& path);

// "ASAN_OPTIONS=…" for programs that are built with AddressSanitizer and have, or may have, an executive in
// them.
std::string AddressSanitizerOptions();

}  // namespace ring3::cli
