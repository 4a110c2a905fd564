// SPDX-License-Identifier: MIT
#include "base/check.h"

#include <cstdio>
#include <cstdlib>

namespace ring3 {

void Panic(const char* text) {
  if (PanicHandler handler = g_panic_handler.load()) handler(text);
  std::fprintf(stderr, "ring3: %s\n", text);
  std::abort();
}

}  // namespace ring3
