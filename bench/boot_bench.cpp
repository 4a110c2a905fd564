// SPDX-License-Identifier: MIT
#include <benchmark/benchmark.h>

#include "benchmarks.h"
#include "booted.h"

namespace ring3 {
namespace {

// With a driver module from disk, as `ring3 run` loads it.
void BootLoadUnloadShutdown(benchmark::State& state) {
  for (auto _ : state) {
    const std::unique_ptr<Executive> executive = Executive::Boot(BootOptions{});
    if (executive == nullptr) return state.SkipWithError("no boot");
    if (executive->LoadDriver(RING3_BENCH_DRIVER) != 0)
      return state.SkipWithError("the driver does not load");
    if (executive->UnloadDriver("ring3_bench") != 0) return state.SkipWithError("the driver does not unload");
    if (!executive->Shutdown().empty()) return state.SkipWithError("something is left");
  }
}
}  // namespace

void RegisterBootRow() {
  benchmark::RegisterBenchmark("boot_load_unload_shutdown", BootLoadUnloadShutdown)
      ->Unit(benchmark::kMicrosecond);
}

}  // namespace ring3
