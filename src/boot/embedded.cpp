// SPDX-License-Identifier: MIT
// The executive inside an application's process: booted from what `ring3 run` put into the environment.
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <string>
#include <string_view>

#include <fmt/format.h>

#include <ddi/io_ntifs.h>
#include <ddi/zw.h>
#include "base/boot_options.h"
#include "boot/load_reason.h"
#include "mm/locked_pages.h"
#include "nt/services.h"
#include "nt/table.h"
#include "ring3/executive.h"

namespace ring3 {
namespace {

constexpr int kBootFailedExitStatus = 125;
constexpr int kLeakedExitStatus = 87;

std::unique_ptr<Executive> g_executive;

std::string Variable(const char* name) {
  const char* const value = std::getenv(name);
  return value == nullptr ? "" : value;
}

int BootFromEnvironment() {
  BootOptions options;
  options.registry_file = Variable("RING3_REGISTRY");
  options.system_drive_directory = Variable("RING3_SYSTEM_DRIVE");
  options.verbose = !Variable("RING3_VERBOSE").empty();
  options.special_pool = !Variable("RING3_SPECIAL_POOL").empty();
  g_executive = Executive::Boot(options);
  if (g_executive == nullptr) return kBootFailedExitStatus;

  const std::string drivers = Variable("RING3_DRIVERS");
  for (std::string_view rest = drivers; !rest.empty();) {
    const size_t end = std::min(rest.find('\n'), rest.size());
    const std::string path(rest.substr(0, end));
    rest.remove_prefix(std::min(rest.size(), end + 1));
    std::string error;
    const NTSTATUS status = g_executive->LoadDriver(path, {}, &error);
    if (NT_SUCCESS(status)) continue;
    fmt::print(stderr, "ring3: {} was not loaded: {}\n", path, boot::LoadReason(status, path, error));
    g_executive.reset();
    return kBootFailedExitStatus;
  }
  return 0;
}

int ShutDown() {
  const std::unique_ptr<Executive> executive = std::move(g_executive);
  if (executive == nullptr) return 0;
  const std::vector<std::string> leaks = executive->Shutdown();
  for (const std::string& leak : leaks) fmt::print(stderr, "ring3: left: {}\n", leak);
  if (!leaks.empty() && !Variable("RING3_FAIL_ON_LEAKS").empty()) {
    std::fflush(nullptr);
    std::_Exit(kLeakedExitStatus);
  }
  return static_cast<int>(leaks.size());
}

int RunUnlessLocked(void* address, SIZE_T byte_count, void (*take)(void*), void* context) {
  return mm::RunUnlessLocked(address, byte_count, take, context) ? 1 : 0;
}

}  // namespace
}  // namespace ring3

extern "C" const Ring3EmbeddedExecutive* Ring3GetEmbeddedExecutive() {
  static constexpr Ring3EmbeddedExecutive kExecutive = {&ring3::nt::g_services, ring3::BootFromEnvironment,
                                                        ring3::ShutDown, ring3::mm::UnmapUserMemory,
                                                        ring3::RunUnlessLocked};
  return &kExecutive;
}
