// SPDX-License-Identifier: MIT
#include "embedded.h"

#include <ddi/io_ntifs.h>
#include <ddi/zw.h>

#include <cstdlib>

#include "nt/services.h"

namespace ring3 {
namespace {

bool g_is_connected = false;

}  // namespace

// The first session is booted by the application's library, when the first service is called; the library
// then stays connected, and later ones are booted behind its back.
EmbeddedSession::EmbeddedSession() {
  if (g_is_connected) {
    if (Ring3GetEmbeddedExecutive()->boot_from_environment() != 0) std::abort();
    return;
  }
  g_is_connected = true;
  setenv("RING3_EMBEDDED", "1", 1);
  setenv("RING3_DRIVERS", RING3_BENCH_DRIVER, 1);
}

EmbeddedSession::~EmbeddedSession() {
  Ring3GetEmbeddedExecutive()->shutdown();
}

}  // namespace ring3
