// SPDX-License-Identifier: MIT
#include "cc/command_line.h"

#include <algorithm>
#include <iterator>
#include <optional>

#include "cc/process.h"

namespace ring3::cc {

namespace {

std::string LowerCase(std::string text) {
  std::transform(text.begin(), text.end(), text.begin(), [](unsigned char c) { return std::tolower(c); });
  return text;
}

template <size_t N>
bool IsOneOf(std::string_view text, const std::string_view (&words)[N]) {
  return std::find(std::begin(words), std::end(words), text) != std::end(words);
}

class Parser {
 public:
  explicit Parser(const std::vector<std::string>& arguments) : arguments_(arguments) {}

  CommandLine Run() {
    for (; at_ < arguments_.size(); ++at_) {
      const std::string& argument = arguments_[at_];
      if (argument.size() < 2 || argument[0] != '-') {
        AddInput(argument);
      } else {
        AddOption(argument);
      }
    }
    return std::move(line_);
  }

 private:
  std::string Value(std::string_view option) {
    const std::string& argument = arguments_[at_];
    if (argument.size() > option.size()) return argument.substr(option.size());
    if (at_ + 1 >= arguments_.size()) throw Failure{"argument to '" + argument + "' is missing"};
    return arguments_[++at_];
  }

  void AddOption(const std::string& argument) {
    static constexpr std::string_view kPreprocessorWithValue[] = {
        "-D", "-U", "-include", "-isystem", "-iquote", "-idirafter", "-imacros", "-MF", "-MT", "-MQ"};
    static constexpr std::string_view kLinkerWithValue[] = {"-l", "-L", "-T", "-u", "-z"};
    static constexpr std::string_view kCommonWithValue[] = {"-Xclang", "-mllvm", "-target", "--param"};
    const auto starts = [&](std::string_view prefix) {
      return argument.compare(0, prefix.size(), prefix) == 0;
    };
    if (argument == "--app") {
      line_.product = Product::Application;
    } else if (argument == "--driver") {
      line_.product = Product::Driver;
    } else if (argument == "--no-missing") {
      line_.missing_is_error = true;
    } else if (argument == "--help") {
      line_.help = true;
    } else if (argument == "-c") {
      line_.stage = Stage::Compile;
    } else if (argument == "-E") {
      line_.stage = Stage::Preprocess;
    } else if (argument == "-S" || argument == "-fsyntax-only") {
      throw Failure{"option '" + argument + "' is not supported"};
    } else if (argument == "-o" || (starts("-o") && !starts("-object"))) {
      line_.output = Value("-o");
    } else if (starts("-x")) {
      SetLanguage(Value("-x"));
    } else if (starts("-I")) {
      line_.include_folders.emplace_back(Value("-I"));
      line_.preprocessing.push_back("-I" + line_.include_folders.back().string());
    } else if (IsOneOf(argument, kCommonWithValue)) {
      line_.common.push_back(argument);
      line_.common.push_back(Value(argument));
    } else if (starts("-Wl,") || argument == "-pthread" || argument == "-rdynamic" || argument == "-shared") {
      line_.linking.push_back(argument);
    } else if (argument == "-Xlinker") {
      line_.linking.push_back(argument);
      line_.linking.push_back(Value(argument));
    } else if (const auto preprocessor = Prefix(argument, kPreprocessorWithValue)) {
      const std::string value = Value(*preprocessor);
      line_.preprocessing.insert(line_.preprocessing.end(), {std::string(*preprocessor), value});
      if (*preprocessor == "-iquote" || *preprocessor == "-isystem" || *preprocessor == "-idirafter") {
        line_.include_folders.emplace_back(value);
      }
    } else if (starts("-M") || argument == "-P" || argument == "-C" || starts("-Wp,")) {
      line_.preprocessing.push_back(argument);
    } else if (const auto linker = Prefix(argument, kLinkerWithValue)) {
      line_.linking.push_back(std::string(*linker) + Value(*linker));
    } else {
      line_.common.push_back(argument);
    }
  }

  template <size_t N>
  static std::optional<std::string_view> Prefix(std::string_view text, const std::string_view (&words)[N]) {
    for (std::string_view word : words) {
      if (text.substr(0, word.size()) == word) return word;
    }
    return std::nullopt;
  }

  void SetLanguage(const std::string& name) {
    if (name == "c") {
      forced_ = Language::C;
    } else if (name == "c++") {
      forced_ = Language::Cplusplus;
    } else if (name == "assembler" || name == "assembler-with-cpp") {
      forced_ = Language::Assembler;
    } else if (name == "none") {
      forced_.reset();
    } else {
      throw Failure{"language not recognized: '" + name + "'"};
    }
  }

  void AddInput(const std::string& argument) {
    const std::filesystem::path path = argument;
    if (forced_) {
      line_.inputs.push_back({path, *forced_});
      return;
    }
    static constexpr std::string_view kCplusplus[] = {".cpp", ".cc", ".cxx", ".c++"};
    static constexpr std::string_view kObject[] = {".o", ".a", ".so", ".obj"};
    static constexpr std::string_view kBuiltByOthers[] = {".lib", ".rc",  ".res", ".def", ".inf",
                                                          ".inx", ".mof", ".mc",  ".man"};
    const std::string extension = LowerCase(path.extension().string());
    if (extension == ".c") {
      line_.inputs.push_back({path, Language::C});
    } else if (IsOneOf(extension, kCplusplus)) {
      line_.inputs.push_back({path, Language::Cplusplus});
    } else if (extension == ".s") {
      line_.inputs.push_back({path, Language::Assembler});
    } else if (IsOneOf(extension, kObject)) {
      line_.inputs.push_back({path, Language::Object});
    } else if (IsOneOf(extension, kBuiltByOthers)) {
      line_.notes.push_back(argument + " has no use here and is left out");
    } else {
      throw Failure{"cannot tell the language of " + argument};
    }
  }

  const std::vector<std::string>& arguments_;
  size_t at_ = 0;
  std::optional<Language> forced_;
  CommandLine line_;
};

}  // namespace

bool CommandLine::HasCommon(std::string_view prefix) const {
  return std::any_of(common.begin(), common.end(), [&](const std::string& option) {
    return option.compare(0, prefix.size(), prefix) == 0;
  });
}

CommandLine ParseCommandLine(const std::vector<std::string>& arguments) {
  return Parser(arguments).Run();
}

}  // namespace ring3::cc
