// SPDX-License-Identifier: MIT
#include <benchmark/benchmark.h>

#include <cstdlib>
#include <cstring>

#include "process/reporters.h"
#include "process/rows.h"

int main(int argc, char** argv) {
  if (argc == 4 && std::strcmp(argv[1], "--client") == 0) {
    return ring3::RunClientCopy(std::atoi(argv[2]), std::atoi(argv[3]));
  }
  bool has_file = false;
  for (int i = 1; i < argc; ++i) has_file |= std::strncmp(argv[i], "--benchmark_out=", 16) == 0;
  benchmark::Initialize(&argc, argv);
  if (benchmark::ReportUnrecognizedArguments(argc, argv)) return 2;
  ring3::RegisterRawProcessRows();
  ring3::RegisterProcessRequestRows();
  ring3::RegisterProcessMemoryRows();
  ring3::RegisterClientRows();
  ring3::PlainNames<benchmark::ConsoleReporter> console(benchmark::ConsoleReporter::OO_Tabular);
  ring3::PlainNames<benchmark::JSONReporter> file;
  benchmark::RunSpecifiedBenchmarks(&console, has_file ? &file : nullptr);
  benchmark::Shutdown();
  return 0;
}
