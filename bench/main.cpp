// SPDX-License-Identifier: MIT
#include <benchmark/benchmark.h>

#include "benchmarks.h"

int main(int argc, char** argv) {
  benchmark::Initialize(&argc, argv);
  if (benchmark::ReportUnrecognizedArguments(argc, argv)) return 2;
  // First: a boot changes what malloc does.
  ring3::RegisterRawRows();
  ring3::RegisterRequestRows();
  ring3::RegisterMemoryRows();
  ring3::RegisterBootRow();
  benchmark::RunSpecifiedBenchmarks();
  benchmark::Shutdown();
  return 0;
}
