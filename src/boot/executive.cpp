// SPDX-License-Identifier: MIT
#include "ring3/executive.h"

#include <cstdio>
#include <filesystem>

#include <fmt/format.h>

#include "base/boot_options.h"
#include "base/leak_report.h"
#include "boot/components.h"
#include "io/driver.h"
#include "ke/service_scope.h"
#include "nt/user_entry.h"
#include "ob/object.h"
#include "os/process.h"
#include "ps/process.h"
#include "ps/thread.h"
#include "rtl/unicode_text.h"

namespace ring3 {

class KernelModeScope {
 private:
  ke::ServiceScope scope_{KernelMode};
};

namespace {

using boot::Component;

void ShutDownFrom(size_t count, LeakReport& leaks) {
  const std::span<const Component> components = boot::Components();
  while (count > 0) components[--count].shutdown(leaks);
}

PEPROCESS g_client_process = nullptr;

}  // namespace

Executive::Executive() = default;

void Executive::EnterKernelMode() {
  kernel_mode_ = std::make_unique<KernelModeScope>();
}

std::unique_ptr<Executive> Executive::Boot(const BootOptions& options) {
  const std::span<const Component> components = boot::Components();
  for (size_t i = 0; i < components.size(); ++i) {
    const Status status = components[i].initialize(options);
    if (status.ok()) continue;
    fmt::print(stderr, "ring3: {} did not come up: status {:#010x}\n", components[i].name,
               static_cast<unsigned>(status.status()));
    LeakReport leaks;
    ShutDownFrom(i, leaks);
    return nullptr;
  }
  std::unique_ptr<Executive> executive(new Executive());
  executive->running_ = true;
  if (!options.embedded) return executive;
  const std::u16string image = ps::ImagePathOf(os::ExecutablePath());
  Result<PEPROCESS> process = ps::CreateUserProcess({.image_path = image});
  Status attached = process.ok() ? ps::AttachThread(process.value()) : Status(process.status());
  if (!attached.ok()) {
    fmt::print(stderr, "ring3: no client process: status {:#010x}\n",
               static_cast<unsigned>(attached.status()));
    executive->running_ = false;
    LeakReport leaks;
    ShutDownFrom(components.size(), leaks);
    return nullptr;
  }
  g_client_process = process.value();
  nt::SetEmbeddedProcess(g_client_process);
  return executive;
}

NTSTATUS Executive::LoadDriver(const std::string& path, std::string_view service_name, std::string* error) {
  const std::string name =
      service_name.empty() ? std::filesystem::path(path).stem().string() : std::string(service_name);
  std::string ignored;
  return io::LoadDriver(path, rtl::Utf16FromUtf8(name), error != nullptr ? error : &ignored);
}

NTSTATUS Executive::LoadDriver(NTSTATUS (*driver_entry)(_DRIVER_OBJECT*, UNICODE_STRING*),
                               std::string_view service_name) {
  return io::LoadDriver(driver_entry, rtl::Utf16FromUtf8(service_name));
}

NTSTATUS Executive::UnloadDriver(std::string_view service_name) {
  return io::UnloadDriver(rtl::Utf16FromUtf8(service_name));
}

std::vector<std::string> Executive::Shutdown() {
  if (!running_) return {};
  running_ = false;
  kernel_mode_.reset();
  LeakReport leaks;
  if (g_client_process != nullptr) {
    nt::EndEmbeddedProcess();
    ps::DetachThread(0);
    ps::ExitProcess(g_client_process, 0);
    ob::Dereference(g_client_process);
    g_client_process = nullptr;
    nt::SetEmbeddedProcess(nullptr);
  }
  io::UnloadAllDrivers();
  ShutDownFrom(boot::Components().size(), leaks);
  return leaks.lines();
}

Executive::~Executive() {
  for (const std::string& leak : Shutdown()) fmt::print(stderr, "ring3: left: {}\n", leak);
}

}  // namespace ring3
