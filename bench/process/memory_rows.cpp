// SPDX-License-Identifier: MIT
// Memory of the driver's in this process.
#include <benchmark/benchmark.h>

#include <cstdint>
#include <numeric>
#include <span>

#include "process/device.h"
#include "process/rows.h"

namespace ring3 {
namespace {

// The driver's shared memory, mapped here while one of these lives.
class View {
 public:
  explicit View(Device& device) : device_(device) {
    if (!device_.Control(BENCH_MAP, nullptr, 0, &address_, sizeof(address_))) address_ = 0;
  }
  ~View() {
    char ignored;
    if (address_ != 0) device_.Control(BENCH_UNMAP, nullptr, 0, &ignored, sizeof(ignored));
  }
  View(const View&) = delete;
  View& operator=(const View&) = delete;

  bool valid() const { return address_ != 0; }
  std::span<volatile unsigned char> bytes() const {
    return {reinterpret_cast<volatile unsigned char*>(address_), BENCH_SHARED_BYTES};
  }
  std::span<const uint64_t> words() const {
    return {reinterpret_cast<const uint64_t*>(address_), BENCH_SHARED_BYTES / sizeof(uint64_t)};
  }

 private:
  Device& device_;
  uint64_t address_ = 0;
};

// Two requests: one maps, the other unmaps; between them the application looks at both ends.
void MapIntoClient(benchmark::State& state) {
  Device device;
  if (!device.valid()) return state.SkipWithError("the device does not open");
  for (auto _ : state) {
    const View view(device);
    if (!view.valid()) {
      state.SkipWithError("the memory does not map");
      break;
    }
    benchmark::DoNotOptimize(view.bytes().front() + view.bytes().back());
  }
}

// The driver fills the memory, the application adds it up.
void SharedWriteRead(benchmark::State& state) {
  Device device;
  if (!device.valid()) return state.SkipWithError("the device does not open");
  const View view(device);
  if (!view.valid()) return state.SkipWithError("the memory does not map");
  unsigned char fill = 0;
  auto write_and_read = [&] {
    fill = (fill + 1) & 0x7f;
    char ignored;
    if (!device.Control(BENCH_FILL, &fill, sizeof(fill), &ignored, sizeof(ignored))) return false;
    const uint64_t sum = std::accumulate(view.words().begin(), view.words().end(), uint64_t{0});
    return sum == uint64_t{fill} * 0x0101'0101'0101'0101 * view.words().size();
  };
  // Both sides touch each page for the first time.
  if (!write_and_read()) return state.SkipWithError("the application does not see what the driver wrote");
  for (auto _ : state) {
    if (!write_and_read()) {
      state.SkipWithError("the application does not see what the driver wrote");
      break;
    }
  }
  state.SetBytesProcessed(static_cast<int64_t>(state.iterations()) * BENCH_SHARED_BYTES);
}

}  // namespace

void RegisterProcessMemoryRows() {
  benchmark::RegisterBenchmark("process/map_into_client/64MiB", MapIntoClient)->UseRealTime();
  benchmark::RegisterBenchmark("process/shared_write_read/64MiB", SharedWriteRead)
      ->UseRealTime()
      ->Unit(benchmark::kMicrosecond);
}

}  // namespace ring3
