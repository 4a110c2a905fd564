// SPDX-License-Identifier: MIT
// What the others are compared with.
#include <benchmark/benchmark.h>
#include <dlfcn.h>

#include <cstdlib>

#include "benchmarks.h"

namespace ring3 {
namespace {

__attribute__((noinline)) int Increment(int value) {
  benchmark::DoNotOptimize(value);
  return value + 1;
}

void FunctionCall(benchmark::State& state) {
  int value = 0;
  for (auto _ : state) {
    value = Increment(value);
    benchmark::DoNotOptimize(value);
  }
}
void RawMimalloc(benchmark::State& state) {
  void* library = dlopen(RING3_MIMALLOC, RTLD_NOW | RTLD_LOCAL);
  if (library == nullptr) return state.SkipWithError("no mimalloc");
  const auto allocate = reinterpret_cast<void* (*)(size_t)>(dlsym(library, "mi_malloc"));
  const auto release = reinterpret_cast<void (*)(void*)>(dlsym(library, "mi_free"));
  for (auto _ : state) {
    void* block = allocate(64);
    benchmark::DoNotOptimize(block);
    release(block);
  }
}
void RawMalloc(benchmark::State& state) {
  for (auto _ : state) {
    void* block = std::malloc(64);
    benchmark::DoNotOptimize(block);
    std::free(block);
  }
}
}  // namespace

void RegisterRawRows() {
  benchmark::RegisterBenchmark("raw/function_call", FunctionCall);
  benchmark::RegisterBenchmark("raw/mimalloc/64B", RawMimalloc);
  benchmark::RegisterBenchmark("raw/malloc/64B", RawMalloc);
}

}  // namespace ring3
