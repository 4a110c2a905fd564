// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <ntdef.h>

struct _DRIVER_OBJECT;

namespace ring3 {

// Process exit status after a bug check.
inline constexpr int kBugCheckExitStatus = 86;

struct BootOptions;
class KernelModeScope;

// The executive, embedded in this process. One at a time; booting again after Shutdown is cheap.
//
//   auto executive = ring3::Executive::Boot({});
//   executive->LoadDriver("./sioctl.sys");
//   … CreateFile, DeviceIoControl …
//   for (const std::string& line : executive->Shutdown()) std::puts(line.c_str());
class __attribute__((visibility("default"))) Executive {
 public:
  // Returns null, having printed why on standard error, when the executive cannot come up (an address range
  // that is taken, a registry file that does not parse). With BootOptions::embedded the calling thread
  // becomes a thread of the client process, else of the system process.
  static std::unique_ptr<Executive> Boot(const BootOptions& options);

  ~Executive();
  Executive(const Executive&) = delete;
  Executive& operator=(const Executive&) = delete;

  // Loads a module built by ring3-cc and runs its DriverEntry at PASSIVE_LEVEL.
  // `service_name` empty: the file's name without its extension. Returns DriverEntry's status. Where there is
  // no such module, or it cannot be loaded: STATUS_OBJECT_NAME_NOT_FOUND, STATUS_INVALID_IMAGE_FORMAT or
  // STATUS_ENTRYPOINT_NOT_FOUND, and `error`, unless null, says why.
  NTSTATUS LoadDriver(const std::string& path, std::string_view service_name = {},
                      std::string* error = nullptr);

  // The same for a driver linked into the program, as tests and fuzzers do.
  NTSTATUS LoadDriver(NTSTATUS (*driver_entry)(_DRIVER_OBJECT*, UNICODE_STRING*),
                      std::string_view service_name);

  // Runs DriverUnload. STATUS_INVALID_DEVICE_REQUEST where the driver has none.
  NTSTATUS UnloadDriver(std::string_view service_name);

  // The calling thread is kernel-mode code from now on, as a driver is: a fault outside __try is a bug check.
  // For tests and fuzzers that call DDIs themselves; undone by Shutdown, on the same thread.
  void EnterKernelMode();

  // Ends the client process, unloads the drivers in reverse order and brings the executive down.
  // Returns what leaked, a line each; empty when nothing did. Called by the destructor if it was not before.
  std::vector<std::string> Shutdown();

 private:
  Executive();
  bool running_ = false;
  std::unique_ptr<KernelModeScope> kernel_mode_;
};

}  // namespace ring3
