// SPDX-License-Identifier: MIT
#include "cc/toolchain.h"

#include <cstdlib>
#include <map>
#include <sstream>

#include "cc/process.h"

namespace ring3::cc {

namespace fs = std::filesystem;

namespace {

std::map<std::string, std::string> ReadConfiguration(const fs::path& path) {
  std::map<std::string, std::string> values;
  std::istringstream text(ReadFile(path));
  for (std::string line; std::getline(text, line);) {
    const size_t equals = line.find('=');
    if (equals != std::string::npos) values[line.substr(0, equals)] = line.substr(equals + 1);
  }
  return values;
}

void Append(std::vector<std::string>& to, std::initializer_list<const char*> what) {
  to.insert(to.end(), what.begin(), what.end());
}

// Both steps must agree on these: the second one reads the first one's output as a source.
void AppendDialect(std::vector<std::string>& flags, const CommandLine& line, Language language) {
  Append(flags, {"-fms-extensions", "-fms-compatibility", "-fms-compatibility-version=19.30", "-fshort-wchar",
                 "-mms-bitfields"});
  // Without __GNUC__, which clang would drop here, libc and libstdc++ do not work.
  if (line.product == Product::Application) flags.emplace_back("-fgnuc-version=4.2.1");
  if (!line.HasCommon("-std="))
    flags.emplace_back(language == Language::Cplusplus ? "-std=gnu++17" : "-std=gnu17");
}

}  // namespace

Toolchain Toolchain::Find() {
  const fs::path folder = fs::read_symlink("/proc/self/exe").parent_path();
  fs::path file = folder / "ring3-cc.cfg";
  if (!fs::exists(file)) file = folder / "../share/ring3/ring3-cc.cfg";
  const auto values = ReadConfiguration(file);
  const auto value = [&](const char* name) {
    const auto entry = values.find(name);
    if (entry == values.end()) throw Failure{file.string() + " has no '" + name + "'"};
    return entry->second;
  };
  const auto path = [&](const char* name) { return (file.parent_path() / value(name)).lexically_normal(); };
  Toolchain toolchain;
  const char* clang = std::getenv("RING3_CLANG");
  toolchain.clang_ = clang && *clang ? clang : value("clang");
  toolchain.include_ = path("include");
  toolchain.libraries_ = path("libraries");
  toolchain.sanitizer_ = value("sanitizer");
  return toolchain;
}

std::string Toolchain::Clang(Language language) const {
  if (language != Language::Cplusplus) return clang_;
  // clang-19 -> clang++-19, beside it.
  const fs::path clang = clang_;
  std::string name = clang.filename().string();
  const size_t at = name.find("clang");
  if (at == std::string::npos || name.find("++") != std::string::npos) return clang_;
  name.insert(at + 5, "++");
  return clang.has_parent_path() ? (clang.parent_path() / name).string() : name;
}

std::vector<fs::path> Toolchain::SdkFolders(Product product) const {
  if (product == Product::Driver) return {include_ / "wdk", include_ / "wdk/crt", include_ / "shared"};
  return {include_ / "win32", include_ / "shared"};
}

std::vector<std::string> Toolchain::PreprocessorFlags(const CommandLine& line, Language language) const {
  std::vector<std::string> flags;
  AppendDialect(flags, line, language);
  // What Microsoft's compiler defines, and what its project files always pass.
  Append(flags, {"-D_WIN32=1",
                 "-D_WIN64=1",
                 "-D_M_AMD64=100",
                 "-D_M_X64=100",
                 "-D_MSC_VER=1930",
                 "-D_MSC_FULL_VER=193030705",
                 "-D_MSC_EXTENSIONS=1",
                 "-D_INTEGRAL_MAX_BITS=64",
                 "-D_AMD64_=1",
                 "-DAMD64=1",
                 "-D_WCHAR_T_DEFINED=1",
                 "-D_NATIVE_WCHAR_T_DEFINED=1",
                 "-D__RING3__=1",
                 "-Ulinux",
                 "-Uunix",
                 "-U__linux__",
                 "-U__linux",
                 "-U__gnu_linux__",
                 "-U__unix__",
                 "-U__unix"});
  const auto define_default = [&](const char* name, const char* value) {
    for (const std::string& option : line.preprocessing) {
      if (option == name ||
          option.compare(0, std::string_view(name).size() + 1, std::string(name) + "=") == 0)
        return;
    }
    flags.push_back(std::string("-D") + name + "=" + value);
  };
  define_default("_WIN32_WINNT", "0x0A00");
  define_default("WINVER", "0x0A00");
  define_default("NTDDI_VERSION", "0x0A00000C");
  if (line.product == Product::Driver) {
    Append(flags, {"-D_KERNEL_MODE=1", "-DWINNT=1", "-DSTD_CALL=1", "-nostdlibinc", "-nostdinc++"});
  } else {
    Append(flags, {"-D__STDC__=1"});
  }
  if (line.product == Product::Application && language == Language::Cplusplus) {
    // libstdc++ has parameters called __in and __out: the token pass takes the annotations out of the user's
    // files alone.
    Append(flags, {"-DRING3_NO_SAL1=1"});
  }
  flags.insert(flags.end(), line.preprocessing.begin(), line.preprocessing.end());
  for (const fs::path& folder : SdkFolders(line.product))
    flags.insert(flags.end(), {"-isystem", folder.string()});
  Append(flags, {"-include", "ring3_cc.h"});
  // Said once the user's own macros and includes meet ours; no news to the author of Windows code.
  Append(flags,
         {"-Wno-invalid-token-paste", "-Wno-nonportable-include-path", "-Wno-macro-redefined",
          "-Wno-builtin-macro-redefined", "-Wno-unknown-pragmas", "-Wno-ignored-pragmas", "-Wno-extra-tokens",
          "-Wno-microsoft", "-Wno-pragma-once-outside-header", "-Wno-unused-command-line-argument"});
  flags.insert(flags.end(), line.common.begin(), line.common.end());
  return flags;
}

std::vector<std::string> Toolchain::CompilerFlags(const CommandLine& line, Language language) const {
  std::vector<std::string> flags;
  AppendDialect(flags, line, language);
  Append(flags, {"-g", "-O1", "-fPIC", "-fno-strict-aliasing", "-fno-omit-frame-pointer",
                 "-fno-delete-null-pointer-checks", "-fasynchronous-unwind-tables", "-fno-ident"});
  const bool checks_overflow = line.HasCommon("-fsanitize=") || sanitizer_ == "undefined";
  if (!checks_overflow) flags.emplace_back("-fwrapv");
  if (line.product == Product::Driver) {
    Append(flags, {"-fno-stack-protector"});
    if (language == Language::Cplusplus) {
      Append(flags, {"-fno-exceptions", "-fno-rtti", "-fno-threadsafe-statics", "-fno-sized-deallocation",
                     "-faligned-allocation"});
    }
  }
  if (!sanitizer_.empty()) flags.push_back("-fsanitize=" + sanitizer_);
  if (sanitizer_ == "undefined" || checks_overflow) {
    // Packed structures and calls through DDI pointers are the subject's way of life.
    Append(flags, {"-fno-sanitize=vptr,function"});
  }
  // Microsoft's compiler takes all of this in silence, or with a warning that is off by default.
  Append(flags, {"-Wno-microsoft",
                 "-Wno-unknown-pragmas",
                 "-Wno-ignored-pragmas",
                 "-Wno-multichar",
                 "-Wno-four-char-constants",
                 "-Wno-unused-label",
                 "-Wno-unused-value",
                 "-Wno-format",
                 "-Wno-ignored-attributes",
                 "-Wno-unknown-attributes",
                 "-Wno-pragma-pack",
                 "-Wno-switch",
                 "-Wno-unused-command-line-argument",
                 "-Wno-invalid-source-encoding",
                 "-Wno-parentheses-equality",
                 "-Wno-extern-initializer",
                 "-Wno-incompatible-library-redeclaration",
                 "-Wno-void-pointer-to-int-cast",
                 "-Wno-int-to-void-pointer-cast",
                 "-Wno-pointer-to-int-cast",
                 "-Wno-int-to-pointer-cast",
                 "-Wno-c++11-narrowing",
                 "-Wno-reserved-user-defined-literal",
                 "-Wno-writable-strings",
                 "-Wno-tautological-constant-out-of-range-compare",
                 "-Wno-pointer-sign",
                 "-Wno-predefined-identifier-outside-function",
                 "-Wno-inline-new-delete",
                 "-Wno-gnu-alignof-expression",
                 "-Wno-undefined-inline",
                 "-Wno-undefined-internal"});
  if (language == Language::C) {
    // Errors of today's C that it only warns about.
    Append(flags, {"-Wno-error=int-conversion", "-Wno-error=incompatible-pointer-types",
                   "-Wno-error=incompatible-function-pointer-types", "-Wno-error=implicit-int",
                   "-Wno-error=implicit-function-declaration", "-Wno-error=return-type",
                   "-Wno-error=return-mismatch"});
  }
  flags.insert(flags.end(), line.common.begin(), line.common.end());
  return flags;
}

}  // namespace ring3::cc
