// SPDX-License-Identifier: MIT
#pragma once

#include <windows.h>
#include <winioctl.h>

#include <array>

#include "driver_interface.h"

namespace ring3 {

// A handle to the benchmark's driver, as an application has it.
class Device {
 public:
  Device()
      : handle_(CreateFileA(R"(\\.\Ring3Bench)", GENERIC_READ | GENERIC_WRITE, 0, nullptr, OPEN_EXISTING, 0,
                            nullptr)) {}
  ~Device() {
    if (valid()) CloseHandle(handle_);
  }
  Device(const Device&) = delete;
  Device& operator=(const Device&) = delete;

  bool valid() const { return handle_ != INVALID_HANDLE_VALUE; }
  // 100 bytes there and back, METHOD_BUFFERED.
  bool BufferedRequest() {
    std::array<unsigned char, 100> in = {}, out = {};
    return Control(BENCH_BUFFERED, in.data(), in.size(), out.data(), out.size()) && out[0] == 1;
  }
  // False: it failed, or fewer bytes came back than `out` has.
  bool Control(DWORD code, void* in, DWORD in_byte_count, void* out, DWORD out_byte_count) {
    DWORD returned = 0;
    return DeviceIoControl(handle_, code, in, in_byte_count, out, out_byte_count, &returned, nullptr) &&
           returned == out_byte_count;
  }

 private:
  const HANDLE handle_;
};

}  // namespace ring3
