// SPDX-License-Identifier: MIT
// Linux's calls, which an application may make as well as Windows'.
#ifndef LINUX_MEMORY_H
#define LINUX_MEMORY_H

#include <stddef.h>

void* mmap(void* address, size_t length, int protection, int flags, int file, long long offset);
int munmap(void* address, size_t length);
int mprotect(void* address, size_t length, int protection);
int memfd_create(const char* name, unsigned flags);
int ftruncate(int file, long long length);
ptrdiff_t pread(int file, void* buffer, size_t length, long long offset);
int close(int file);

enum {
  PROT_NONE_ = 0,
  PROT_READ_ = 1,
  PROT_WRITE_ = 2,
  READ_WRITE = 3,
  MAP_SHARED_ = 1,
  MAP_PRIVATE_ = 2,
  MAP_FIXED_ = 0x10,
  MAP_ANONYMOUS_ = 0x20,
};
#define MAP_FAILED_ ((void*)-1)

static inline char* MapMemory(size_t length, int protection) {
  void* memory = mmap(NULL, length, protection, MAP_PRIVATE_ | MAP_ANONYMOUS_, -1, 0);
  return memory == MAP_FAILED_ ? NULL : memory;
}

// A file without a name, `length` bytes of it mapped.
static inline char* MapFile(size_t length, int flags, int* file) {
  void* memory;
  *file = memfd_create("test", 0);
  if (*file < 0 || ftruncate(*file, (long long)length) != 0) return NULL;
  memory = mmap(NULL, length, READ_WRITE, flags, *file, 0);
  return memory == MAP_FAILED_ ? NULL : memory;
}

#endif
