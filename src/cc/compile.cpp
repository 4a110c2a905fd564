// SPDX-License-Identifier: MIT
#include "cc/compile.h"

#include <nlohmann/json.hpp>

#include "cc/include_scan.h"
#include "cc/token_pass.h"

namespace ring3::cc {

namespace fs = std::filesystem;

Compiler::Compiler(const CommandLine& line, const Toolchain& toolchain, const TemporaryFolder& work)
    : line_(line), toolchain_(toolchain), work_(work) {
  std::vector<fs::path> user_folders;
  for (const fs::path& folder : line.include_folders)
    user_folders.push_back(fs::absolute(folder).lexically_normal());
  IncludeScanner scanner(user_folders, toolchain.SdkFolders(line.product), work.Path());
  for (const Input& input : line.inputs) {
    if (input.language == Language::C || input.language == Language::Cplusplus) scanner.Scan(input.path);
  }
  const fs::path trace_header = work.Path() / "trace.tmh";
  const std::string yaml = scanner.OverlayYaml(trace_header);
  if (!yaml.empty()) {
    WriteFile(trace_header, scanner.TraceHeader());
    overlay_ = work.Path() / "overlay.yaml";
    WriteFile(overlay_, yaml);
  }
  for (const fs::path& folder : toolchain.SdkFolders(line.product))
    system_prefixes_.push_back(folder.string() + "/");
  system_prefixes_.insert(system_prefixes_.end(), {"/usr/include/", "/usr/lib/", "/usr/local/include/"});
}

bool Compiler::IsUserFile(std::string_view name) const {
  if (name == "<built-in>" || name == "<command line>") return false;
  const std::string path = fs::path(name).lexically_normal().string();
  if (path.find("/lib/clang/") != std::string::npos) return false;  // the compiler's own headers
  for (const std::string& prefix : system_prefixes_) {
    if (path.compare(0, prefix.size(), prefix) == 0) return false;
  }
  return true;
}

void Compiler::Preprocess(const Input& input, const fs::path& output, const fs::path& object) {
  std::vector<std::string> command = {toolchain_.Clang(input.language)};
  const auto flags = toolchain_.PreprocessorFlags(line_, input.language);
  command.insert(command.end(), flags.begin(), flags.end());
  if (!overlay_.empty()) command.insert(command.end(), {"-ivfsoverlay", overlay_.string()});
  bool writes_dependencies = false, names_file = false, names_target = false;
  for (const std::string& option : line_.preprocessing) {
    writes_dependencies |= option == "-MD" || option == "-MMD";
    names_file |= option == "-MF";
    names_target |= option == "-MT" || option == "-MQ";
  }
  if (writes_dependencies && !names_file)
    command.insert(command.end(), {"-MF", fs::path(object).replace_extension(".d").string()});
  if (writes_dependencies && !names_target) command.insert(command.end(), {"-MT", object.string()});
  command.insert(command.end(),
                 {"-E", "-x", input.language == Language::Cplusplus ? "c++" : "c", input.path.string()});
  if (!output.empty()) command.insert(command.end(), {"-o", output.string()});
  if (const ProcessResult result = RunProcess(command); result.exit_code != 0)
    throw Failure{{}, result.exit_code};
}

fs::path Compiler::WriteLayout(const SourceLayout& layout) const {
  nlohmann::json roots = nlohmann::json::array();
  for (const auto& [name, text] : layout) {
    const fs::path stored = work_.Path() / ("laid-out-" + std::to_string(roots.size()));
    WriteFile(stored, text);
    roots.push_back({{"type", "file"},
                     {"name", name.string()},
                     {"external-contents", stored.string()},
                     {"use-external-name", false}});
  }
  const fs::path overlay = work_.Path() / "layout.yaml";
  WriteFile(overlay, nlohmann::json{{"version", 0}, {"case-sensitive", "true"}, {"roots", roots}}.dump());
  return overlay;
}

void Compiler::Compile(const Input& input, const fs::path& object) {
  const bool is_cplusplus = input.language == Language::Cplusplus;
  std::vector<std::string> command = {toolchain_.Clang(input.language)};
  const auto flags = toolchain_.CompilerFlags(line_, input.language);
  if (input.language == Language::Assembler) {
    command.insert(command.end(), {"-c", input.path.string(), "-o", object.string()});
    if (const ProcessResult result = RunProcess(command); result.exit_code != 0)
      throw Failure{{}, result.exit_code};
    return;
  }
  if (!fs::exists(input.path)) throw Failure{"no such file: " + input.path.string()};
  const fs::path text = work_.Path() / (is_cplusplus ? "source.ii" : "source.i");
  Preprocess(input, text, object);
  const auto is_user = [this](std::string_view name) { return IsUserFile(name); };
  const bool covers = line_.HasCommon("-fcoverage-mapping");
  const std::string passed =
      RunTokenPass(ReadFile(text), is_cplusplus, is_user, covers ? SehForm::Counted : SehForm::Plain);
  command.insert(command.end(), flags.begin(), flags.end());
  if (covers) {
    const fs::path overlay = WriteLayout(LayOutSources(passed, input.path, is_user));
    command.insert(command.end(), {"-undef", "-nostdinc", "-ivfsoverlay", overlay.string(), "-include",
                                   kPreludeFile, "-Wno-return-type", "-x", is_cplusplus ? "c++" : "c", "-c",
                                   input.path.string(), "-o", object.string()});
  } else {
    WriteFile(text, passed);
    command.insert(command.end(), {"-x", is_cplusplus ? "c++-cpp-output" : "cpp-output", "-c", text.string(),
                                   "-o", object.string()});
  }
  if (const ProcessResult result = RunProcess(command); result.exit_code != 0)
    throw Failure{{}, result.exit_code};
}

}  // namespace ring3::cc
