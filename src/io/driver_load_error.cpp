// SPDX-License-Identifier: MIT
#include "io/driver_load_error.h"

#include <ntstatus.h>

#include <filesystem>
#include <string_view>
#include <system_error>

namespace ring3::io {
namespace {

struct Sanitizer {
  std::string_view symbol_prefix;  // of what its runtime exports
  std::string_view name;
  std::string_view option;
  std::string_view host_hint;  // where the program is a host
};

constexpr Sanitizer kSanitizers[] = {
    {"__asan_", "AddressSanitizer", "address", "or start the host with --sanitizer address"},
    {"__tsan_", "ThreadSanitizer", "thread", "and Ring3 itself"},
    {"__ubsan_", "UndefinedBehaviorSanitizer", "undefined", "or start the host with --sanitizer undefined"},
};

constexpr std::string_view kUndefined = "undefined symbol: ";

}  // namespace

std::string LoadErrorText(const std::string& module_path, const std::string& error) {
  const size_t at = error.find(kUndefined);
  if (at != std::string::npos) {
    const std::string_view symbol = std::string_view(error).substr(at + kUndefined.size());
    for (const Sanitizer& sanitizer : kSanitizers) {
      if (!symbol.starts_with(sanitizer.symbol_prefix)) continue;
      std::string text = module_path;
      text.append(" is built with ").append(sanitizer.name);
      text.append(
          ", and the program that loads it is not: build both with it, the client for instance with\n");
      text.append("    ring3-cc --app -fsanitize=").append(sanitizer.option).append(" -o CLIENT SOURCE...\n");
      text.append(sanitizer.host_hint);
      return text;
    }
  }
  // The loader names the file itself, as a rule.
  return error.find(module_path) == std::string::npos ? module_path + ": " + error : error;
}

NTSTATUS LoadErrorStatus(const std::string& module_path, const std::string& error) {
  std::error_code ignored;
  if (!std::filesystem::exists(module_path, ignored)) return STATUS_OBJECT_NAME_NOT_FOUND;
  return error.find(kUndefined) == std::string::npos ? STATUS_INVALID_IMAGE_FORMAT
                                                     : STATUS_ENTRYPOINT_NOT_FOUND;
}

}  // namespace ring3::io
