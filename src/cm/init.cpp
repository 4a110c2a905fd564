// SPDX-License-Identifier: MIT
#include "cm/init.h"

#include <ntstatus.h>

#include <cstdio>

#include <fmt/format.h>

#include "cm/callback.h"
#include "cm/hive.h"
#include "cm/key_object.h"
#include "cm/store.h"
#include "os/file.h"

namespace ring3::cm {
namespace {

struct Registry {
  std::shared_ptr<Key> root;
  std::string file;
  std::string written;  // the store as it stands in the file
};
Registry* g_registry = nullptr;

// Keys that drivers and clients find on every system.
constexpr std::string_view kInitialStore = R"([\Registry\Machine\Hardware\DeviceMap]
[\Registry\Machine\Hardware\Description\System]
[\Registry\Machine\Software\Microsoft\Windows NT\CurrentVersion]
"CurrentVersion"="6.3"
"CurrentMajorVersionNumber"=dword:0000000a
"CurrentMinorVersionNumber"=dword:00000000
"CurrentBuildNumber"="22631"
"ProductName"="Ring3"
[\Registry\Machine\System\CurrentControlSet\Control\Class]
[\Registry\Machine\System\CurrentControlSet\Enum]
[\Registry\Machine\System\CurrentControlSet\Services]
[\Registry\User\.Default]
)";

Status Load(Registry& registry) {
  std::string error;
  if (!ParseStore(kInitialStore, *registry.root, &error)) return STATUS_REGISTRY_CORRUPT;
  if (registry.file.empty()) return STATUS_SUCCESS;
  std::string contents;
  switch (os::ReadWholeFile(registry.file, &contents, &error)) {
    case os::FileResult::kNotFound:  // made when there is something to keep
      break;
    case os::FileResult::kFailed:
      fmt::print(stderr, "ring3: cannot read registry {}: {}\n", registry.file, error);
      return STATUS_REGISTRY_IO_FAILED;
    case os::FileResult::kDone:
      if (!ParseStore(contents, *registry.root, &error)) {
        fmt::print(stderr, "ring3: registry {}: {}\n", registry.file, error);
        return STATUS_REGISTRY_CORRUPT;
      }
  }
  registry.written = FormatStore(*registry.root);
  return STATUS_SUCCESS;
}

}  // namespace

const std::shared_ptr<Key>& RegistryRoot() {
  return g_registry->root;
}

Status WriteBackStore() {
  if (g_registry->file.empty()) return STATUS_SUCCESS;
  std::string store = FormatStore(*g_registry->root);
  if (store == g_registry->written) return STATUS_SUCCESS;
  std::string error;
  if (os::ReplaceFile(g_registry->file, store, &error) != os::FileResult::kDone) {
    fmt::print(stderr, "ring3: cannot write registry {}: {}\n", g_registry->file, error);
    return STATUS_REGISTRY_IO_FAILED;
  }
  g_registry->written = std::move(store);
  return STATUS_SUCCESS;
}

Status Initialize(const BootOptions& options) {
  g_registry =
      new Registry{std::make_shared<Key>(u"Registry", nullptr, Lifetime::kStored), options.registry_file, {}};
  Status status = Load(*g_registry);
  if (status.ok()) status = CreateKeyType(g_registry->root);
  if (!status.ok()) {
    delete g_registry;
    g_registry = nullptr;
  }
  return status;
}

void Shutdown(LeakReport& report) {
  if (g_registry == nullptr) return;
  if (!WriteBackStore().ok()) report.Add("registry changes that could not be written to " + g_registry->file);
  ReportLeftCallbacks(report);
  RemoveRegistryRoot();
  delete g_registry;
  g_registry = nullptr;
}

}  // namespace ring3::cm
