// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"
#include "cm/key.h"

// The registry as plain text, in UTF-8, one key after the other in the order of their names, so that two
// stores can be compared line by line:
//
//   ; a comment
//   [\Registry\Machine\System\CurrentControlSet\Services\sioctl]
//   @="the default value"
//   "ImagePath"=expand:"\\??\\C:\\drivers\\sioctl.sys"
//   "Start"=dword:00000003
//   "Limit"=qword:0000000100000000
//   "Depend"=multi:"first","second"
//   "Blob"=hex:00,01,02
//   "Other"=hex(9):00,01
//
// Text escapes backslashes and quotation marks, and control characters as \xNN. A text that is no terminated
// UTF-16 is written as hex(type).
namespace ring3::cm {

// Adds what `text` says to `root` (the key \Registry). On bad text nothing more is added, and `error` names
// the line.
bool ParseStore(std::string_view text, Key& root, std::string* error) RING3_EXCLUDES(g_registry_lock);

// Everything below `root` that is not volatile.
std::string FormatStore(const Key& root) RING3_EXCLUDES(g_registry_lock);

}  // namespace ring3::cm
