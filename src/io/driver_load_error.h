// SPDX-License-Identifier: MIT
#pragma once

#include <ntdef.h>

#include <string>

namespace ring3::io {

// What to tell the user when the dynamic loader refused the driver `module_path` for the reason `error`. A
// driver built with a sanitizer needs that sanitizer's runtime, which only the program can bring; the text
// says how.
std::string LoadErrorText(const std::string& module_path, const std::string& error);

// STATUS_OBJECT_NAME_NOT_FOUND: there is no such file. STATUS_ENTRYPOINT_NOT_FOUND: a symbol that the driver
// needs is nowhere. STATUS_INVALID_IMAGE_FORMAT: anything else.
NTSTATUS LoadErrorStatus(const std::string& module_path, const std::string& error);

}  // namespace ring3::io
