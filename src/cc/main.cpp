// SPDX-License-Identifier: MIT
#include <cstdio>

#include "cc/command_line.h"
#include "cc/compile.h"
#include "cc/link.h"
#include "cc/process.h"
#include "cc/toolchain.h"

namespace {

using namespace ring3::cc;
namespace fs = std::filesystem;

constexpr const char* kHelp =
    "usage: ring3-cc [options] -o driver.sys source…         a driver\n"
    "       ring3-cc --app [options] -o program source…      an application\n"
    "       ring3-cc [--app] -c [options] source…            objects\n"
    "\n"
    "  --no-missing   a DDI that Ring3 does not have is an error (else it is listed, and calling it is a bug "
    "check)\n"
    "  -E             preprocess only\n"
    "\n"
    "clang's options are passed on (-I -D -O -g -W -std= -x -include -fsanitize= -M… -l -L -Wl,…); -g -O1 is "
    "the default.\n"
    "RING3_CLANG names another clang; RING3_CC_VERBOSE=1 shows the commands that are run.\n";

void Run(const CommandLine& line) {
  const Toolchain toolchain = Toolchain::Find();
  const TemporaryFolder work;
  if (line.inputs.empty()) throw Failure{"no input files"};
  for (const std::string& note : line.notes) std::fprintf(stderr, "ring3-cc: note: %s\n", note.c_str());
  if (line.stage != Stage::Link && !line.output.empty() && line.inputs.size() > 1) {
    throw Failure{"-o names one file, and there are several sources"};
  }
  Compiler compiler(line, toolchain, work);
  std::vector<fs::path> objects;
  for (const Input& input : line.inputs) {
    fs::path object = input.path.filename().replace_extension(".o");
    if (line.stage == Stage::Preprocess) {
      compiler.Preprocess(input, line.output, object);
      continue;
    }
    if (input.language == Language::Object) {
      objects.push_back(input.path);
      continue;
    }
    if (line.stage == Stage::Compile) {
      if (!line.output.empty()) object = line.output;
    } else {
      object = work.Path() / (std::to_string(objects.size()) + ".o");
    }
    compiler.Compile(input, object);
    objects.push_back(object);
  }
  if (line.stage != Stage::Link) return;
  if (line.product == Product::Driver) {
    LinkDriver(line, toolchain, work, objects, line.output.empty() ? "a.sys" : line.output);
  } else {
    LinkApplication(line, toolchain, work, objects, line.output.empty() ? "a.out" : line.output);
  }
}

}  // namespace

int main(int argc, char** argv) {
  try {
    const CommandLine line = ParseCommandLine({argv + 1, argv + argc});
    if (line.help) {
      std::fputs(kHelp, stdout);
      return 0;
    }
    Run(line);
    return 0;
  } catch (const Failure& failure) {
    if (!failure.message.empty()) std::fprintf(stderr, "ring3-cc: %s\n", failure.message.c_str());
    return failure.exit_code;
  } catch (const std::exception& error) {
    std::fprintf(stderr, "ring3-cc: %s\n", error.what());
    return 1;
  }
}
