// SPDX-License-Identifier: MIT
#include "cli/arguments.h"

#include <cstdlib>
#include <filesystem>

namespace ring3::cli {

std::string Absolute(const std::string& path) {
  return std::filesystem::absolute(path).lexically_normal().string();
}

// LeakSanitizer looks before the executive is down and does not know simulated RAM as a place where pointers
// are kept; fake stacks are not put aside for a filter. What the user says prevails.
std::string AddressSanitizerOptions() {
  const char* const user = std::getenv("ASAN_OPTIONS");
  return std::string("ASAN_OPTIONS=detect_leaks=0:detect_stack_use_after_return=0:") +
         (user != nullptr ? user : "");
}

}  // namespace ring3::cli
