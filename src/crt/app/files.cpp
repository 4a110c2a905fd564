// SPDX-License-Identifier: MIT
// Files, memory and the environment under Microsoft's names.
#include "crt/app/stream.h"
#include "crt/text.h"

using namespace ring3::crt;
using Wide = wchar_t;

extern "C" {
size_t wcstombs(char* to, const Wide* from, size_t count);
size_t mbstowcs(Wide* to, const char* from, size_t count);
void* aligned_alloc(size_t alignment, size_t size);
char* strdup(const char* text);
int access(const char* path, int mode);
int unlink(const char* path);
}

namespace {

constexpr size_t kPathSize = 4096;

// Forward slashes, UTF-8.
const char* NarrowPath(const Wide* path, char (&to)[kPathSize]) {
  const size_t length = wcstombs(to, path, kPathSize - 1);
  to[length] = 0;
  for (size_t i = 0; i < length; ++i) {
    if (to[i] == '\\') to[i] = '/';
  }
  return to;
}

const char* NarrowMode(const Wide* mode, char (&to)[16]) {
  size_t length = 0;
  for (; *mode && *mode != ',' && length < 15; ++mode) to[length++] = static_cast<char>(*mode);
  to[length] = 0;
  return to;
}

}  // namespace

extern "C" {

File* _wfopen(const Wide* name, const Wide* mode) {
  char path[kPathSize], narrow_mode[16];
  return fopen(NarrowPath(name, path), NarrowMode(mode, narrow_mode));
}
Error fopen_s(File** file, const char* name, const char* mode) {
  if (!file) return kInvalid;
  *file = fopen(name, mode);
  return *file ? 0 : *__errno_location();
}
Error _wfopen_s(File** file, const Wide* name, const Wide* mode) {
  if (!file) return kInvalid;
  *file = _wfopen(name, mode);
  return *file ? 0 : *__errno_location();
}
int _access(const char* path, int mode) {
  return access(path, mode);
}
int _waccess(const Wide* path, int mode) {
  char narrow[kPathSize];
  return access(NarrowPath(path, narrow), mode);
}
int _unlink(const char* path) {
  return unlink(path);
}

void* _aligned_malloc(size_t size, size_t alignment) {
  if (alignment < sizeof(void*)) alignment = sizeof(void*);
  return aligned_alloc(alignment, (size + alignment - 1) & ~(alignment - 1));
}
void _aligned_free(void* memory) {
  free(memory);
}

char* _strdup(const char* text) {
  return strdup(text);
}
Wide* _wcsdup(const Wide* text) {
  const size_t size = (Length(text) + 1) * sizeof(Wide);
  void* const copy = malloc(size);
  return copy ? static_cast<Wide*>(__builtin_memcpy(copy, text, size)) : nullptr;
}
Wide* wcsdup(const Wide* text) {
  return _wcsdup(text);
}

int _wsystem(const Wide* command) {
  char narrow[kPathSize];
  narrow[wcstombs(narrow, command, kPathSize - 1)] = 0;
  return system(narrow);
}
Wide* _wgetenv(const Wide* name) {
  static thread_local Wide value[kPathSize];
  char narrow[256];
  narrow[wcstombs(narrow, name, sizeof(narrow) - 1)] = 0;
  const char* const text = getenv(narrow);
  if (!text) return nullptr;
  value[mbstowcs(value, text, kPathSize - 1)] = 0;
  return value;
}
}
