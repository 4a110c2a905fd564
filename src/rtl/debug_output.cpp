// SPDX-License-Identifier: MIT
#include "rtl/debug_output.h"

#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "rtl/debug_output_internal.h"
#include "rtl/init.h"

namespace ring3::rtl {
namespace {
std::atomic<bool> g_verbose{false};
std::atomic<DebugOutput> g_output{nullptr};
}  // namespace

Status Initialize(const BootOptions& options) {
  g_verbose = options.verbose;
  ResetDebugFilters();
  return STATUS_SUCCESS;
}

void Shutdown(LeakReport&) {
  g_verbose = false;
}

void SetDebugOutput(DebugOutput output) {
  g_output = output;
}

bool DebugOutputIsOn() {
  return g_output.load() || g_verbose;
}

void WriteDebugOutput(const char* text, size_t count) {
  if (DebugOutput output = g_output.load())
    output(text, count);
  else if (g_verbose)
    WriteAlways(text, count);
}

void WriteAlways(const char* text, size_t count) {
  fwrite(text, 1, count, stderr);
  fflush(stderr);
}

bool DebuggerIsAttached() {
  FILE* status = fopen("/proc/self/status", "re");
  if (!status) return false;
  char line[256];
  bool attached = false;
  while (fgets(line, sizeof(line), status)) {
    if (strncmp(line, "TracerPid:", 10) == 0) attached = atoi(line + 10) != 0;
  }
  fclose(status);
  return attached;
}

}  // namespace ring3::rtl
