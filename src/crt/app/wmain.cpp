// SPDX-License-Identifier: MIT
// The entry of programs that have a wmain.
#include "crt/app/stream.h"

extern "C" {
size_t mbstowcs(wchar_t* to, const char* from, size_t count);
int wmain(int count, wchar_t** arguments, wchar_t** environment);
}

namespace {

// Never freed: the program may keep them to its end. Leak checkers find them here.
wchar_t** volatile g_arguments;
wchar_t** volatile g_environment;

wchar_t** Widen(char** texts) {
  size_t count = 0;
  while (texts[count]) ++count;
  auto** const wide = static_cast<wchar_t**>(malloc((count + 1) * sizeof(wchar_t*)));
  if (!wide) __builtin_abort();
  for (size_t i = 0; i < count; ++i) {
    const size_t size = mbstowcs(nullptr, texts[i], 0) + 1;
    wide[i] = static_cast<wchar_t*>(malloc(size * sizeof(wchar_t)));
    if (!wide[i]) __builtin_abort();
    mbstowcs(wide[i], texts[i], size);
  }
  wide[count] = nullptr;
  return wide;
}

}  // namespace

__attribute__((visibility("default"))) int main(int count, char** arguments, char** environment) {
  g_arguments = Widen(arguments);
  g_environment = Widen(environment);
  return wmain(count, g_arguments, g_environment);
}
