// SPDX-License-Identifier: MIT
#include "win32/win32.h"

#include "os/process.h"

namespace ring3::win32 {
namespace {

// One argument as the rules of CommandLineToArgvW read it back.
void AppendQuoted(std::string* line, std::string_view argument) {
  if (!argument.empty() && argument.find_first_of(" \t\"") == argument.npos) {
    line->append(argument);
    return;
  }
  line->push_back('"');
  size_t backslashes = 0;
  for (const char c : argument) {
    // Backslashes count double in front of a quotation mark.
    if (c == '"') line->append(backslashes + 1, '\\');
    backslashes = c == '\\' ? backslashes + 1 : 0;
    line->push_back(c);
  }
  line->append(backslashes, '\\').push_back('"');
}

std::string CommandLine() {
  std::string line;
  for (const std::string& argument : os::CommandLine()) {
    if (!line.empty()) line.push_back(' ');
    AppendQuoted(&line, argument);
  }
  return line;
}

}  // namespace

extern "C" {

// https://learn.microsoft.com/windows/win32/api/processenv/nf-processenv-getcommandlinew
LPSTR GetCommandLineA() {
  static std::string& line = *new std::string(CommandLine());
  return line.data();
}

LPWSTR GetCommandLineW() {
  static std::u16string& line = *new std::u16string(Widen(CommandLine()));
  return reinterpret_cast<LPWSTR>(line.data());
}

}  // extern "C"

}  // namespace ring3::win32
