// SPDX-License-Identifier: MIT
#include "transport/transport.h"

#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <string>

#include "os/interposed_memory.h"
#include "os/module.h"
#include "os/process.h"
#include "transport/connection.h"
#include "transport/stubs.h"

namespace ring3::transport {
namespace {

constexpr int kNoExecutiveExitStatus = 125;
constexpr const char* kExecutiveLibrary = "libntoskrnl.so";

std::atomic<const Ring3NtServices*> g_services{nullptr};
// Null when the executive is in another process.
const Ring3EmbeddedExecutive* g_embedded = nullptr;
std::atomic<bool> g_disconnected{false};

[[noreturn]] void Die(const char* what) {
  std::fprintf(stderr, "ring3: %s\n", what);
  std::_Exit(kNoExecutiveExitStatus);
}

bool IsEmbedded() {
  return std::getenv("RING3_EMBEDDED") != nullptr;
}

void BootEmbedded() {
  std::string error;
  void* const module = os::LoadModule(kExecutiveLibrary, &error);
  if (module == nullptr) Die(error.c_str());
  using Get = const Ring3EmbeddedExecutive* (*)();
  const auto get = reinterpret_cast<Get>(os::FindSymbol(module, "Ring3GetEmbeddedExecutive"));
  if (get == nullptr) Die("libntoskrnl.so is of another version than libring3-win32.so");
  const Ring3EmbeddedExecutive* const executive = get();
  if (const int status = executive->boot_from_environment(); status != 0) std::_Exit(status);
  g_embedded = executive;
  g_services.store(executive->services, std::memory_order_release);
  os::InterposeMemoryCalls({executive->unmap, executive->run_unless_locked});
}

void Connect() {
  const char* const host = std::getenv(kHostVariable);
  if (IsEmbedded()) {
    os::NotifyStarter("RING3_STARTED_FD");
    BootEmbedded();
  } else if (host != nullptr && host[0] != '\0') {
    Connection::Connect(host);
    g_services.store(&kHostServices, std::memory_order_release);
  } else {
    Die("this program is a Windows client: start it with\n"
        "    ring3 run [--driver FILE.sys]... -- PROGRAM [ARGUMENTS]\n"
        "    or let the variable RING3_HOST name a host that `ring3 host` keeps up");
  }
}

// The executive is up before main, so that its drivers are loaded whether or not the program calls it, and so
// that a host knows its process; it goes, or is left, after main and the program's own exit handlers.
__attribute__((constructor)) void ConnectAtStart() {
  if (!IsEmbedded() && std::getenv(kHostVariable) == nullptr) return;
  Connect();
  // An embedded executive has to go before the destructors of its own library run; another process' goes
  // last.
  if (g_embedded != nullptr) {
    std::atexit([] { Disconnect(0); });
  } else {
    on_exit([](int exit_status, void*) { Disconnect(exit_status); }, nullptr);
  }
}

}  // namespace

const Ring3NtServices& Services() {
  const Ring3NtServices* services = g_services.load(std::memory_order_acquire);
  if (__builtin_expect(services == nullptr, false)) {
    Connect();
    services = g_services.load(std::memory_order_acquire);
  }
  return *services;
}

void Disconnect(int exit_status) {
  if (g_services.load(std::memory_order_acquire) == nullptr || g_disconnected.exchange(true)) return;
  if (g_embedded != nullptr) {
    g_embedded->shutdown();
  } else if (Connection* connection = Connection::Get()) {
    connection->End(exit_status);
  }
}

}  // namespace ring3::transport
