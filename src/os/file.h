// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <string_view>

namespace ring3::os {

enum class FileResult { kDone, kNotFound, kFailed };

// The whole of a small file. `error` says why not. Blocks.
FileResult ReadWholeFile(const std::string& path, std::string* contents, std::string* error);

// Replaces the file by one that has `contents`: a reader sees the old file or the new one. Blocks.
FileResult ReplaceFile(const std::string& path, std::string_view contents, std::string* error);

}  // namespace ring3::os
