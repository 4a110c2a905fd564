// SPDX-License-Identifier: MIT
#include "os/libc_heap.h"

#include <dlfcn.h>
#include <sys/mman.h>

#include <cinttypes>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <new>
#include <utility>
#include <vector>

// The sanitizer's are weak.
extern "C" {

void* __libc_malloc(size_t byte_count);
void* __libc_calloc(size_t count, size_t byte_count);
void* __libc_realloc(void* block, size_t byte_count);
void* __libc_valloc(size_t byte_count);
void* __libc_pvalloc(size_t byte_count);
void __libc_free(void* block);
int __libc_mallopt(int option, int value);

void* malloc(size_t byte_count) {
  return __libc_malloc(byte_count);
}
void* calloc(size_t count, size_t byte_count) {
  return __libc_calloc(count, byte_count);
}
void* realloc(void* block, size_t byte_count) {
  return __libc_realloc(block, byte_count);
}
void* valloc(size_t byte_count) {
  return __libc_valloc(byte_count);
}
void* pvalloc(size_t byte_count) {
  return __libc_pvalloc(byte_count);
}
void free(void* block) {
  __libc_free(block);
}
int mallopt(int option, int value) {
  return __libc_mallopt(option, value);
}

}  // extern "C"

namespace {

// For what libc has no other name for.
template <typename Function>
Function* LibcsOwn(const char* name) {
  return reinterpret_cast<Function*>(dlsym(RTLD_NEXT, name));
}

}  // namespace

extern "C" {

void* memalign(size_t alignment, size_t byte_count) {
  static const auto libcs = LibcsOwn<void*(size_t, size_t)>("memalign");
  return libcs(alignment, byte_count);
}
void* aligned_alloc(size_t alignment, size_t byte_count) {
  static const auto libcs = LibcsOwn<void*(size_t, size_t)>("aligned_alloc");
  return libcs(alignment, byte_count);
}
int posix_memalign(void** block, size_t alignment, size_t byte_count) {
  static const auto libcs = LibcsOwn<int(void**, size_t, size_t)>("posix_memalign");
  return libcs(block, alignment, byte_count);
}
void* reallocarray(void* block, size_t count, size_t byte_count) {
  static const auto libcs = LibcsOwn<void*(void*, size_t, size_t)>("reallocarray");
  return libcs(block, count, byte_count);
}
size_t malloc_usable_size(void* block) {
  static const auto libcs = LibcsOwn<size_t(void*)>("malloc_usable_size");
  return libcs(block);
}
char* strdup(const char* text) {
  static const auto libcs = LibcsOwn<char*(const char*)>("strdup");
  return libcs(text);
}
char* __strdup(const char* text) {
  return strdup(text);
}
char* strndup(const char* text, size_t length) {
  static const auto libcs = LibcsOwn<char*(const char*, size_t)>("strndup");
  return libcs(text, length);
}
char* __strndup(const char* text, size_t length) {
  return strndup(text, length);
}
// The sanitizer's allocates from its own heap, too.
char* realpath(const char* path, char* resolved) {
  static const auto libcs =
      reinterpret_cast<char* (*)(const char*, char*)>(dlvsym(RTLD_NEXT, "realpath", "GLIBC_2.3"));
  return libcs(path, resolved);
}

}  // extern "C"

// Those of the sanitizer call its own functions, by whatever name.

void* operator new(size_t byte_count) {
  void* const block = malloc(byte_count);
  if (block == nullptr) throw std::bad_alloc();
  return block;
}
void* operator new(size_t byte_count, std::align_val_t alignment) {
  void* const block = memalign(static_cast<size_t>(alignment), byte_count);
  if (block == nullptr) throw std::bad_alloc();
  return block;
}
void* operator new(size_t byte_count, const std::nothrow_t&) noexcept {
  return malloc(byte_count);
}
void* operator new(size_t byte_count, std::align_val_t alignment, const std::nothrow_t&) noexcept {
  return memalign(static_cast<size_t>(alignment), byte_count);
}
void* operator new[](size_t byte_count) {
  return operator new(byte_count);
}
void* operator new[](size_t byte_count, std::align_val_t alignment) {
  return operator new(byte_count, alignment);
}
void* operator new[](size_t byte_count, const std::nothrow_t& nothrow) noexcept {
  return operator new(byte_count, nothrow);
}
void* operator new[](size_t byte_count, std::align_val_t alignment, const std::nothrow_t& nothrow) noexcept {
  return operator new(byte_count, alignment, nothrow);
}
void operator delete(void* block) noexcept {
  free(block);
}
void operator delete(void* block, size_t) noexcept {
  free(block);
}
void operator delete(void* block, std::align_val_t) noexcept {
  free(block);
}
void operator delete(void* block, size_t, std::align_val_t) noexcept {
  free(block);
}
void operator delete(void* block, const std::nothrow_t&) noexcept {
  free(block);
}
void operator delete(void* block, std::align_val_t, const std::nothrow_t&) noexcept {
  free(block);
}
void operator delete[](void* block) noexcept {
  free(block);
}
void operator delete[](void* block, size_t) noexcept {
  free(block);
}
void operator delete[](void* block, std::align_val_t) noexcept {
  free(block);
}
void operator delete[](void* block, size_t, std::align_val_t) noexcept {
  free(block);
}
void operator delete[](void* block, const std::nothrow_t&) noexcept {
  free(block);
}
void operator delete[](void* block, std::align_val_t, const std::nothrow_t&) noexcept {
  free(block);
}

namespace ring3::os {

void ReleaseSanitizerHeap() {
  // Where the runtime has it on x86-64. What it has there that is accessible is about its heap, and is asked
  // for reports.
  constexpr uintptr_t kStart = 0x5000'0000'0000;
  constexpr uintptr_t kEnd = 0x5500'0000'0000;
  std::vector<std::pair<uintptr_t, uintptr_t>> reserved;
  FILE* const maps = std::fopen("/proc/self/maps", "re");
  if (maps == nullptr) return;
  char line[512];
  while (std::fgets(line, sizeof line, maps) != nullptr) {
    uintptr_t start, end;
    char access[5];
    if (std::sscanf(line, "%" SCNxPTR "-%" SCNxPTR " %4s", &start, &end, access) != 3) continue;
    if (start >= kStart && end <= kEnd && access[0] == '-') reserved.emplace_back(start, end);
  }
  std::fclose(maps);
  for (const auto& [start, end] : reserved) munmap(reinterpret_cast<void*>(start), end - start);
}

}  // namespace ring3::os
