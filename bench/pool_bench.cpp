// SPDX-License-Identifier: MIT
// Pool and lookaside lists beside malloc and mimalloc: each iteration allocates a block and frees it.
#include <benchmark/benchmark.h>
#include <ddi/ex.h>
#include <dlfcn.h>

#include <cstdio>
#include <cstdlib>

#include "ex/init.h"
#include "ke/init.h"
#include "mm/init.h"
#include "os/init.h"

namespace ring3 {
namespace {

constexpr ULONG kTag = 'hcnB';

// What the pool stands on, up for as long as a row runs.
class Executive {
 public:
  Executive() {
    const BootOptions options;
    if (!os::Initialize(options).ok() || !ke::Initialize(options).ok() || !mm::Initialize(options).ok() ||
        !ex::Initialize(options).ok()) {
      std::fputs("the executive does not come up\n", stderr);
      std::abort();
    }
  }
  ~Executive() {
    LeakReport leaks;
    ex::Shutdown(leaks);
    mm::Shutdown(leaks);
    ke::Shutdown(leaks);
    os::Shutdown(leaks);
    for (const std::string& line : leaks.lines()) std::fprintf(stderr, "left: %s\n", line.c_str());
  }
};

void PoolAllocFree(benchmark::State& state, size_t byte_count) {
  Executive executive;
  for (auto _ : state) {
    void* block = ExAllocatePoolWithTag(NonPagedPoolNx, byte_count, kTag);
    benchmark::DoNotOptimize(block);
    ExFreePoolWithTag(block, kTag);
  }
}
BENCHMARK_CAPTURE(PoolAllocFree, 64B, 64)->Name("pool/alloc_free/64B");
BENCHMARK_CAPTURE(PoolAllocFree, 4KiB, 4096)->Name("pool/alloc_free/4KiB");

void LookasideAllocFree(benchmark::State& state) {
  Executive executive;
  NPAGED_LOOKASIDE_LIST list;
  ExInitializeNPagedLookasideList(&list, nullptr, nullptr, POOL_NX_ALLOCATION, 64, kTag, 0);
  for (auto _ : state) {
    void* block = ExAllocateFromNPagedLookasideList(&list);
    benchmark::DoNotOptimize(block);
    ExFreeToNPagedLookasideList(&list, block);
  }
  ExDeleteNPagedLookasideList(&list);
}
BENCHMARK(LookasideAllocFree)->Name("lookaside/alloc_free/64B");

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
BENCHMARK(RawMimalloc)->Name("raw/mimalloc/64B");

void RawMalloc(benchmark::State& state) {
  for (auto _ : state) {
    void* block = std::malloc(64);
    benchmark::DoNotOptimize(block);
    std::free(block);
  }
}
BENCHMARK(RawMalloc)->Name("raw/malloc/64B");

}  // namespace
}  // namespace ring3
