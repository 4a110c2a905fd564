// SPDX-License-Identifier: MIT
// A fuzzer without libFuzzer: runs its seeds and variations of them, the same each time, or the inputs in the
// files that are named. `--write FOLDER` writes the seeds as files, for libFuzzer to begin with.
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <random>
#include <string>

#include "fuzz_target.h"

namespace {

constexpr int kVariations = 12;

using ring3::fuzz::Input;

void Run(const Input& input) {
  LLVMFuzzerTestOneInput(input.data(), input.size());
}

// Some bytes are changed, and now and then a part is left out or doubled.
Input Vary(Input input, std::mt19937& random) {
  const auto below = [&random](size_t bound) { return random() % bound; };
  for (size_t i = 0; i < 1 + input.size() / 32 && !input.empty(); ++i) {
    uint8_t& byte = input[below(input.size())];
    constexpr uint8_t kEdges[] = {0x00, 0x01, 0x7F, 0x80, 0xFF};
    byte = below(2) == 0 ? kEdges[below(std::size(kEdges))] : static_cast<uint8_t>(random());
  }
  if (!input.empty() && below(4) == 0) {
    const auto from = input.begin() + static_cast<long>(below(input.size()));
    const Input part(from, from + static_cast<long>(below(static_cast<size_t>(input.end() - from)) + 1));
    if (below(2) == 0) {
      input.insert(input.end(), part.begin(), part.end());
    } else {
      input.resize(input.size() - part.size());
    }
  }
  return input;
}

int Write(const std::string& folder) {
  int number = 0;
  for (const Input& seed : ring3::fuzz::Seeds()) {
    std::ofstream file(folder + "/seed" + std::to_string(number++), std::ios::binary);
    file.write(reinterpret_cast<const char*>(seed.data()), static_cast<std::streamsize>(seed.size()));
    if (!file) return 1;
  }
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc == 3 && std::string(argv[1]) == "--write") return Write(argv[2]);
  for (int i = 1; i < argc; ++i) {
    std::ifstream file(argv[i], std::ios::binary);
    if (!file) {
      std::fprintf(stderr, "%s cannot be read\n", argv[i]);
      return 1;
    }
    Run(Input(std::istreambuf_iterator<char>(file), {}));
  }
  if (argc > 1) return 0;
  std::mt19937 random(1);
  int count = 0;
  for (const Input& seed : ring3::fuzz::Seeds()) {
    Run(seed);
    for (int i = 0; i < kVariations; ++i) Run(Vary(seed, random));
    count += 1 + kVariations;
  }
  std::printf("%d inputs\n", count);
  std::fflush(stdout);
  // What the target keeps from input to input ends with the process.
  std::_Exit(0);
}
