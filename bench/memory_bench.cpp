// SPDX-License-Identifier: MIT
// Pool, lookaside lists and views: each iteration makes one and gives it back.
#include <benchmark/benchmark.h>
#include <ddi/ex.h>
#include <ddi/io.h>
#include <ddi/mm.h>

#include "benchmarks.h"
#include "booted.h"

namespace ring3 {
namespace {

constexpr ULONG kTag = 'hcnB';

void PoolAllocFree(benchmark::State& state, size_t byte_count) {
  Booted executive;
  for (auto _ : state) {
    void* block = ExAllocatePoolWithTag(NonPagedPoolNx, byte_count, kTag);
    benchmark::DoNotOptimize(block);
    ExFreePoolWithTag(block, kTag);
  }
}
void LookasideAllocFree(benchmark::State& state) {
  Booted executive;
  NPAGED_LOOKASIDE_LIST list;
  ExInitializeNPagedLookasideList(&list, nullptr, nullptr, POOL_NX_ALLOCATION, 64, kTag, 0);
  for (auto _ : state) {
    void* block = ExAllocateFromNPagedLookasideList(&list);
    benchmark::DoNotOptimize(block);
    ExFreeToNPagedLookasideList(&list, block);
  }
  ExDeleteNPagedLookasideList(&list);
}
// A view of pool in the application: the MDL over it, the mapping, and all of it back.
void BuildMapUnmap(benchmark::State& state) {
  constexpr ULONG kByteCount = 64 * 1024;
  Booted executive;
  void* block = ExAllocatePoolWithTag(NonPagedPoolNx, kByteCount, kTag);
  for (auto _ : state) {
    PMDL mdl = IoAllocateMdl(block, kByteCount, FALSE, FALSE, nullptr);
    MmBuildMdlForNonPagedPool(mdl);
    void* view = MmMapLockedPagesSpecifyCache(mdl, UserMode, MmCached, nullptr, FALSE, NormalPagePriority);
    benchmark::DoNotOptimize(view);
    MmUnmapLockedPages(view, mdl);
    IoFreeMdl(mdl);
  }
  ExFreePoolWithTag(block, kTag);
}

}  // namespace

void RegisterMemoryRows() {
  benchmark::RegisterBenchmark("pool/alloc_free/64B", PoolAllocFree, 64);
  benchmark::RegisterBenchmark("pool/alloc_free/4KiB", PoolAllocFree, 4096);
  benchmark::RegisterBenchmark("lookaside/alloc_free/64B", LookasideAllocFree);
  benchmark::RegisterBenchmark("mdl/build_map_unmap/64KiB", BuildMapUnmap);
}

}  // namespace ring3
