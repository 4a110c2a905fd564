// SPDX-License-Identifier: MIT
// Round trips of an application: DeviceIoControl on a synchronous handle, through the Win32 library, to the
// driver and back.
#include <benchmark/benchmark.h>
#include <windows.h>
#include <winioctl.h>

#include <array>

#include "benchmarks.h"
#include "driver_interface.h"
#include "embedded.h"

namespace ring3 {
namespace {

constexpr const char* kDevice = R"(\\.\Ring3Bench)";

void Buffered(benchmark::State& state, DWORD byte_count) {
  EmbeddedSession session;
  const HANDLE device =
      CreateFileA(kDevice, GENERIC_READ | GENERIC_WRITE, 0, nullptr, OPEN_EXISTING, 0, nullptr);
  if (device == INVALID_HANDLE_VALUE) return state.SkipWithError("the device does not open");
  std::array<unsigned char, 4096> in = {}, out = {};
  for (auto _ : state) {
    DWORD returned = 0;
    if (!DeviceIoControl(device, BENCH_BUFFERED, in.data(), byte_count, out.data(), byte_count, &returned,
                         nullptr) ||
        returned != byte_count || out[0] != 1) {
      state.SkipWithError("the request failed");
      break;
    }
  }
  CloseHandle(device);
}
// One buffer, touched beforehand: no row pays for the first access to a page.
void InPlace(benchmark::State& state, DWORD code, DWORD byte_count) {
  EmbeddedSession session;
  const HANDLE device =
      CreateFileA(kDevice, GENERIC_READ | GENERIC_WRITE, 0, nullptr, OPEN_EXISTING, 0, nullptr);
  if (device == INVALID_HANDLE_VALUE) return state.SkipWithError("the device does not open");
  auto* const buffer = static_cast<unsigned char*>(
      VirtualAlloc(nullptr, byte_count, MEM_RESERVE | MEM_COMMIT, PAGE_READWRITE));
  for (DWORD at = 0; at < byte_count; at += 4096) buffer[at] = 1;
  for (auto _ : state) {
    const unsigned char before = buffer[0];
    DWORD returned = 0;
    if (!DeviceIoControl(device, code, nullptr, 0, buffer, byte_count, &returned, nullptr) ||
        returned != byte_count || buffer[0] == before) {
      state.SkipWithError("the request failed");
      break;
    }
  }
  VirtualFree(buffer, 0, MEM_RELEASE);
  CloseHandle(device);
}
}  // namespace

void RegisterRequestRows() {
  benchmark::RegisterBenchmark("ioctl/buffered/100B", Buffered, 100);
  benchmark::RegisterBenchmark("ioctl/out_direct/4KiB", InPlace, BENCH_OUT_DIRECT, 4 << 10);
  benchmark::RegisterBenchmark("ioctl/out_direct/64MiB", InPlace, BENCH_OUT_DIRECT, 64 << 20);
  benchmark::RegisterBenchmark("ioctl/neither/4KiB", InPlace, BENCH_NEITHER, 4 << 10);
}

}  // namespace ring3
