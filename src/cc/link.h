// SPDX-License-Identifier: MIT
#ifndef RING3_CC_LINK_H
#define RING3_CC_LINK_H

#include <filesystem>
#include <vector>

#include "cc/command_line.h"
#include "cc/process.h"
#include "cc/toolchain.h"

namespace ring3::cc {

// Makes a driver. DDIs that no library has are listed on standard error; each becomes a routine that ends in
// a bug check with its name, or, with --no-missing, the link fails.
void LinkDriver(const CommandLine& line, const Toolchain& toolchain, const TemporaryFolder& work,
                const std::vector<std::filesystem::path>& objects, const std::filesystem::path& output);

// Makes an application. A routine that no library has is an error, named.
void LinkApplication(const CommandLine& line, const Toolchain& toolchain, const TemporaryFolder& work,
                     const std::vector<std::filesystem::path>& objects, const std::filesystem::path& output);

}  // namespace ring3::cc

#endif
