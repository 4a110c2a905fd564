// SPDX-License-Identifier: MIT
#include "transport/transport.h"

#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <string>

#include "os/interposed_memory.h"
#include "os/module.h"
#include "os/process.h"

namespace ring3::transport {
namespace {

constexpr int kNoExecutiveExitStatus = 125;
constexpr const char* kExecutiveLibrary = "libntoskrnl.so";

std::atomic<const Ring3EmbeddedExecutive*> g_executive{nullptr};
std::atomic<bool> g_disconnected{false};

[[noreturn]] void Die(const char* what) {
  std::fprintf(stderr, "ring3: %s\n", what);
  std::_Exit(kNoExecutiveExitStatus);
}

bool StartedByRing3() {
  return std::getenv("RING3_EMBEDDED") != nullptr;
}

void Connect() {
  if (!StartedByRing3()) {
    Die("this program is a Windows client: start it with\n"
        "    ring3 run [--driver FILE.sys]... -- PROGRAM [ARGUMENTS]");
  }
  os::NotifyStarter("RING3_STARTED_FD");
  std::string error;
  void* const module = os::LoadModule(kExecutiveLibrary, &error);
  if (module == nullptr) Die(error.c_str());
  using Get = const Ring3EmbeddedExecutive* (*)();
  const auto get = reinterpret_cast<Get>(os::FindSymbol(module, "Ring3GetEmbeddedExecutive"));
  if (get == nullptr) Die("libntoskrnl.so is of another version than libring3-win32.so");
  const Ring3EmbeddedExecutive* const executive = get();
  if (const int status = executive->boot_from_environment(); status != 0) std::_Exit(status);
  g_executive.store(executive, std::memory_order_release);
  os::InterposeMemoryCalls({executive->unmap, executive->run_unless_locked});
}

// The executive is up before main, so that its drivers are loaded whether or not the program calls it; and it
// goes down after main and the program's own exit handlers.
__attribute__((constructor)) void ConnectAtStart() {
  if (!StartedByRing3()) return;
  Connect();
  std::atexit(Disconnect);
}

}  // namespace

const Ring3NtServices& Services() {
  const Ring3EmbeddedExecutive* executive = g_executive.load(std::memory_order_acquire);
  if (__builtin_expect(executive == nullptr, false)) {
    Connect();
    executive = g_executive.load(std::memory_order_acquire);
  }
  return *executive->services;
}

void Disconnect() {
  const Ring3EmbeddedExecutive* const executive = g_executive.load(std::memory_order_acquire);
  if (executive == nullptr || g_disconnected.exchange(true)) return;
  executive->shutdown();
}

}  // namespace ring3::transport
