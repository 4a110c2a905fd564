// SPDX-License-Identifier: MIT
#include "cc/link.h"

#include <cstdio>
#include <cstdlib>
#include <memory>
#include <set>
#include <sstream>

#include <cxxabi.h>

#include "cc/elf_symbols.h"

namespace ring3::cc {

namespace fs = std::filesystem;

namespace {

std::string Demangle(const std::string& name) {
  int status = 0;
  const std::unique_ptr<char, void (*)(void*)> text(
      abi::__cxa_demangle(name.c_str(), nullptr, nullptr, &status), std::free);
  return status == 0 ? text.get() : name;
}

bool StartsWith(std::string_view text, std::string_view prefix) {
  return text.substr(0, prefix.size()) == prefix;
}

// What a driver takes from the process: memory and string routines, which ntoskrnl exports on Windows as
// well, and the run-time parts of the compiler.
bool ComesWithProcess(const std::string& name) {
  static const std::set<std::string> kRoutines = {
      "memcpy",  "memmove", "memset", "memcmp",  "memchr",  "strlen",           "strnlen",
      "bcmp",    "stpcpy",  // what clang makes of memcmp() == 0, and of strcpy and strlen
      "strcmp",  "strncmp", "strcpy", "strncpy", "strcat",  "strncat",          "strchr",
      "strrchr", "strstr",  "strspn", "strcspn", "strpbrk", "__stack_chk_fail", "__tls_get_addr"};
  if (kRoutines.count(name)) return true;
  for (std::string_view prefix :
       {"__asan_", "__tsan_", "__ubsan_", "__sanitizer_", "__llvm_", "__lsan_", "__sancov_", "__cxa_"}) {
    if (StartsWith(name, prefix)) return true;
  }
  return false;
}

// Everything but the entry point is the driver's own.
constexpr const char* kDriverVersionScript =
    "{ global: DriverEntry; DllInitialize; DllUnload; local: *; };\n";

// An application's std::wstring must not take the place of the one that libstdc++ uses itself.
constexpr const char* kApplicationVersionScript = "{ local: _ZN*12basic_stringIw*; };\n";

// Options that link a run-time library which needs libc.
bool IsProfiling(const std::string& option) {
  return StartsWith(option, "-fprofile-") || option == "--coverage" || option == "-coverage" ||
         option == "-fcoverage-mapping";
}

void AppendCommon(std::vector<std::string>& command, const CommandLine& line, const Toolchain& toolchain) {
  command.insert(command.end(), {"-fuse-ld=lld", "-Wl,--build-id=sha1", "-Wl,--gc-sections"});
  if (!toolchain.Sanitizer().empty()) command.push_back("-fsanitize=" + toolchain.Sanitizer());
  command.insert(command.end(), line.common.begin(), line.common.end());
  command.insert(command.end(), {"-Wno-unused-command-line-argument", "-L" + toolchain.Libraries().string(),
                                 "-Wl,-rpath," + toolchain.Libraries().string()});
}

void AppendObjects(std::vector<std::string>& command, const CommandLine& line,
                   const std::vector<fs::path>& objects, const fs::path& output) {
  for (const fs::path& object : objects) command.push_back(object.string());
  command.insert(command.end(), line.linking.begin(), line.linking.end());
  command.insert(command.end(), {"-o", output.string()});
}

std::string StubText(const std::map<std::string, Use>& missing) {
  std::ostringstream text;
  text << ".text\n";
  size_t number = 0;
  for (const auto& [name, use] : missing) {
    text << ".globl \"" << name << "\"\n.hidden \"" << name << "\"\n.type \"" << name << "\",@function\n\""
         << name << "\":\n"
         << "  .cfi_startproc\n  pushq %rbp\n  .cfi_def_cfa_offset 16\n  .cfi_offset %rbp, -16\n  movq %rsp, "
            "%rbp\n"
         << "  .cfi_def_cfa_register %rbp\n  leaq .Lname" << number
         << "(%rip), %rdi\n  call Ring3MissingDdi@PLT\n  ud2\n"
         << "  .cfi_endproc\n.size \"" << name << "\", .-\"" << name
         << "\"\n.section .rodata.str1.1,\"aMS\",@progbits,1\n.Lname" << number << ": .asciz \"" << name
         << "\"\n.text\n";
    ++number;
  }
  text << ".section .note.GNU-stack,\"\",@progbits\n";
  return text.str();
}

}  // namespace

void LinkDriver(const CommandLine& line, const Toolchain& toolchain, const TemporaryFolder& work,
                const std::vector<fs::path>& objects, const fs::path& output) {
  const fs::path script = work.Path() / "driver.ver";
  WriteFile(script, kDriverVersionScript);
  bool profiles = false;
  CommandLine plain = line;
  plain.common.clear();
  for (const std::string& option : line.common) {
    if (IsProfiling(option)) {
      profiles = true;
    } else {
      plain.common.push_back(option);
    }
  }
  const auto link = [&](const CommandLine& options, const std::vector<fs::path>& inputs) {
    std::vector<std::string> command = {toolchain.Clang(Language::C),
                                        "-shared",
                                        "-nodefaultlibs",
                                        "-Wl,-Bsymbolic",
                                        "-Wl,-z,undefs",
                                        "-Wl,--undefined-version",
                                        "-Wl,--version-script," + script.string(),
                                        "-Wl,--exclude-libs,ALL",
                                        "-Wl,-soname," + output.filename().string()};
    AppendCommon(command, options, toolchain);
    AppendObjects(command, options, inputs, output);
    command.insert(command.end(),
                   {"-lring3-crt-driver", "-Wl,--no-as-needed", "-lntoskrnl", "-lring3-seh", "-lgcc"});
    if (&options != &plain && profiles) command.emplace_back("-lc");
    if (const ProcessResult result = RunProcess(command); result.exit_code != 0)
      throw Failure{{}, result.exit_code};
  };
  // Without a profiler's run-time library first, so that what that takes from libc is not taken for a DDI.
  link(plain, objects);

  const DynamicSymbols driver = ReadDynamicSymbols(output);
  if (!driver.defined.count("DriverEntry")) {
    fs::remove(output);
    throw Failure{"no DriverEntry is defined"};
  }
  std::set<std::string> provided;
  for (const char* library : {"libntoskrnl.so", "libring3-seh.so"}) {
    provided.merge(ReadDynamicSymbols(toolchain.Libraries() / library).defined);
  }
  std::map<std::string, Use> missing;
  for (const auto& [name, use] : driver.undefined) {
    if (!provided.count(name) && !ComesWithProcess(name)) missing.emplace(name, use);
  }
  if (missing.empty() && !profiles) return;
  for (const auto& [name, use] : missing) {
    std::fprintf(
        stderr, "ring3-cc: missing DDI: %s%s\n", Demangle(name).c_str(),
        use == Use::Address ? " (its address is taken; should it be data, reading it is not caught)" : "");
  }
  if (line.missing_is_error && !missing.empty()) {
    fs::remove(output);
    throw Failure{"DDIs are missing"};
  }
  if (missing.empty()) return link(line, objects);
  const fs::path source = work.Path() / "missing.s";
  const fs::path stubs = work.Path() / "missing.o";
  WriteFile(source, StubText(missing));
  if (const ProcessResult result =
          RunProcess({toolchain.Clang(Language::C), "-c", source.string(), "-o", stubs.string()});
      result.exit_code != 0) {
    throw Failure{{}, result.exit_code};
  }
  std::vector<fs::path> inputs = objects;
  inputs.push_back(stubs);
  link(line, inputs);
}

void LinkApplication(const CommandLine& line, const Toolchain& toolchain, const TemporaryFolder& work,
                     const std::vector<fs::path>& objects, const fs::path& output) {
  const fs::path script = work.Path() / "application.ver";
  WriteFile(script, kApplicationVersionScript);
  bool is_cplusplus = false;
  for (const Input& input : line.inputs) is_cplusplus |= input.language != Language::C;
  std::vector<std::string> command = {toolchain.Clang(is_cplusplus ? Language::Cplusplus : Language::C),
                                      "-pie", "-Wl,--allow-shlib-undefined",
                                      "-Wl,--version-script," + script.string()};
  AppendCommon(command, line, toolchain);
  AppendObjects(command, line, objects, output);
  // Whole: a sanitizer's runtime has weak routines of the same names, for another wchar_t.
  command.insert(command.end(), {"-Wl,--whole-archive", "-lring3-crt-app", "-Wl,--no-whole-archive",
                                 "-lring3-crt-wmain", "-Wl,--no-as-needed", "-lring3-win32", "-lring3-seh",
                                 "-Wl,--as-needed", "-lm", "-pthread"});
  const ProcessResult result = RunProcess(command, StandardError::Capture);
  std::istringstream text(result.errors);
  std::set<std::string> missing;
  std::string rest;
  constexpr std::string_view kUndefined = "undefined symbol: ";
  bool in_undefined = false;
  for (std::string message; std::getline(text, message);) {
    const size_t at = message.find(kUndefined);
    if (at != std::string::npos) {
      missing.insert(message.substr(at + kUndefined.size()));
      in_undefined = true;
    } else if (!in_undefined || !StartsWith(message, ">>>")) {
      in_undefined = in_undefined && message.empty();
      if (!message.empty()) rest += message + "\n";
    }
  }
  if (missing.empty()) {
    std::fputs(result.errors.c_str(), stderr);
  } else {
    for (const std::string& name : missing)
      std::fprintf(stderr, "ring3-cc: missing Win32 routine: %s\n", name.c_str());
  }
  if (result.exit_code != 0) throw Failure{{}, result.exit_code};
}

}  // namespace ring3::cc
