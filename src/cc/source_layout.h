// SPDX-License-Identifier: MIT
// Preprocessed text laid out in files again, line for line where it was written. clang's coverage mapping
// does not heed line markers: it records where the text really is.
#ifndef RING3_CC_SOURCE_LAYOUT_H
#define RING3_CC_SOURCE_LAYOUT_H

#include <filesystem>
#include <functional>
#include <map>
#include <string>
#include <string_view>

namespace ring3::cc {

// By absolute path. User files have the paths that they were read from; the rest is gathered in files of
// invented names, which the user files include. A user file that is included a second time is among those
// too.
using SourceLayout = std::map<std::filesystem::path, std::string>;

// What the command line includes ahead of the main file: to be included by -include, since it has no line
// there.
inline constexpr const char* kPreludeFile = "/ring3-cc-gathered/prelude";

SourceLayout LayOutSources(std::string_view preprocessed, const std::filesystem::path& main_file,
                           const std::function<bool(std::string_view)>& is_user);

}  // namespace ring3::cc

#endif
