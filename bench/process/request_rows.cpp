// SPDX-License-Identifier: MIT
// Round trips of one thread: DeviceIoControl on a synchronous handle, through the channel to the driver in
// the host, and back.
#include <benchmark/benchmark.h>
#include <sys/mman.h>

#include <chrono>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <thread>

#include "process/device.h"
#include "process/rows.h"

namespace ring3 {
namespace {

constexpr DWORD kPageBytes = 4096;
constexpr DWORD kLargeBytes = 64 << 20;

using Clock = std::chrono::steady_clock;
using Seconds = std::chrono::duration<double>;

struct Free {
  void operator()(void* block) const { std::free(block); }
};
// Of the application's own heap, every page there.
std::unique_ptr<unsigned char, Free> HeapBlock(DWORD byte_count) {
  auto* const block = static_cast<unsigned char*>(std::malloc(byte_count));
  if (block != nullptr) std::memset(block, 1, byte_count);
  return std::unique_ptr<unsigned char, Free>(block);
}

// A private mapping, every page there.
class NewMemory {
 public:
  explicit NewMemory(size_t byte_count) : byte_count_(byte_count) {
    void* const memory =
        mmap(nullptr, byte_count, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (memory == MAP_FAILED) return;
    bytes_ = static_cast<unsigned char*>(memory);
    std::memset(bytes_, 1, byte_count);
  }
  ~NewMemory() {
    if (bytes_ != nullptr) munmap(bytes_, byte_count_);
  }
  NewMemory(const NewMemory&) = delete;
  NewMemory& operator=(const NewMemory&) = delete;

  unsigned char* bytes() const { return bytes_; }

 private:
  const size_t byte_count_;
  unsigned char* bytes_ = nullptr;
};

void Buffered(benchmark::State& state) {
  Device device;
  if (!device.valid()) return state.SkipWithError("the device does not open");
  for (auto _ : state) {
    if (!device.BufferedRequest()) {
      state.SkipWithError("the request failed");
      break;
    }
  }
}

// Both sides have gone to sleep when the request comes.
void BufferedIdle(benchmark::State& state) {
  Device device;
  if (!device.valid()) return state.SkipWithError("the device does not open");
  for (auto _ : state) {
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
    const auto start = Clock::now();
    if (!device.BufferedRequest()) {
      state.SkipWithError("the request failed");
      break;
    }
    state.SetIterationTime(Seconds(Clock::now() - start).count());
  }
}

// The same buffer each time.
void InPlace(benchmark::State& state, DWORD code, unsigned char* buffer, DWORD byte_count) {
  Device device;
  if (!device.valid() || buffer == nullptr || !device.Control(code, nullptr, 0, buffer, byte_count))
    return state.SkipWithError("the device does not open");
  for (auto _ : state) {
    const unsigned char before = buffer[0];
    if (!device.Control(code, nullptr, 0, buffer, byte_count) || buffer[0] == before) {
      state.SkipWithError("the request failed");
      break;
    }
  }
}

// Adopted with the first request, before time is taken.
void OutDirect(benchmark::State& state, DWORD byte_count) {
  const auto buffer = HeapBlock(byte_count);
  InPlace(state, BENCH_OUT_DIRECT, buffer.get(), byte_count);
}

// Never locked, and so never adopted.
void Neither(benchmark::State& state) {
  const NewMemory memory(kPageBytes);
  InPlace(state, BENCH_NEITHER, memory.bytes(), kPageBytes);
}

// A block that is new each time, filled by the application before, and locked for the first time.
void Adopt(benchmark::State& state) {
  Device device;
  if (!device.valid()) return state.SkipWithError("the device does not open");
  for (auto _ : state) {
    // Not from the heap, which keeps what it once had, adopted as it is.
    const NewMemory memory(kLargeBytes);
    const auto start = Clock::now();
    if (memory.bytes() == nullptr ||
        !device.Control(BENCH_OUT_DIRECT, nullptr, 0, memory.bytes(), kLargeBytes) ||
        memory.bytes()[0] != 2 || memory.bytes()[kLargeBytes - 1] != 2) {
      state.SkipWithError("the request failed");
      break;
    }
    state.SetIterationTime(Seconds(Clock::now() - start).count());
  }
  state.SetBytesProcessed(static_cast<int64_t>(state.iterations()) * kLargeBytes);
}

}  // namespace

void RegisterProcessRequestRows() {
  benchmark::RegisterBenchmark("process/buffered/100B", Buffered)->UseRealTime();
  benchmark::RegisterBenchmark("process/buffered/100B/idle", BufferedIdle)->UseManualTime()->Iterations(200);
  benchmark::RegisterBenchmark("process/out_direct/4KiB", OutDirect, kPageBytes)->UseRealTime();
  benchmark::RegisterBenchmark("process/out_direct/64MiB", OutDirect, kLargeBytes)->UseRealTime();
  benchmark::RegisterBenchmark("process/adopt/64MiB", Adopt)->UseManualTime()->Unit(benchmark::kMicrosecond);
  benchmark::RegisterBenchmark("process/neither/4KiB", Neither)->UseRealTime();
}

}  // namespace ring3
