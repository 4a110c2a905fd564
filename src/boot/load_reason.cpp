// SPDX-License-Identifier: MIT
#include "boot/load_reason.h"

#include <ntstatus.h>

#include <filesystem>

#include <fmt/format.h>

#include "ke/bugcheck_text.h"

namespace ring3::boot {

std::string LoadReason(NTSTATUS status, const std::string& path, const std::string& error) {
  std::error_code ignored;
  if (!std::filesystem::exists(path, ignored)) return "there is no such file";
  switch (status) {
    case STATUS_INVALID_IMAGE_FORMAT:
      return "it is no driver that\n    ring3-cc -o FILE.sys SOURCE...\nbuilt" +
             (error.empty() ? "" : "\n" + error);
    case STATUS_ENTRYPOINT_NOT_FOUND:
      return "a symbol that it needs is nowhere\n" + error;
    case STATUS_IMAGE_ALREADY_LOADED:
      return "a driver of this name is loaded";
    default:
      return fmt::format("DriverEntry returned {:#010x} {}", static_cast<unsigned>(status),
                         ke::StatusName(status));
  }
}

}  // namespace ring3::boot
