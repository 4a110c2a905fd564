// SPDX-License-Identifier: MIT
// A buffer that its owner gives away while a request is pending: the driver goes on using the pages, and they go when it
// is done with them.
#include "../common/test_client.h"
#include "pending_buffers.h"

// Linux's calls, which a program may make as well.
void* mmap(void* address, size_t length, int protection, int flags, int file, long offset);
int munmap(void* address, size_t length);
void* mremap(void* address, size_t oldLength, size_t length, int flags, ...);
int madvise(void* address, size_t length, int advice);
enum { READ_WRITE = 3, PRIVATE_ANONYMOUS = 0x22, MAY_MOVE = 1, DONT_NEED = 4 };
#define MAP_FAILED_ ((void*)-1)

enum { pages = 16, length = pages * 4096 };
static HANDLE device, file;
static OVERLAPPED overlapped;

static void Share(char* buffer, DWORD byteCount) {
  CHECK_FAILS(DeviceIoControl(file, IOCTL_SHARE, NULL, 0, buffer, byteCount, NULL, &overlapped), ERROR_IO_PENDING);
}

static void UseAndEnd(DWORD byteCount) {
  DWORD returned;
  CHECK(Control(device, IOCTL_USE, NULL, 0, NULL, 0));
  CHECK(GetOverlappedResult(file, &overlapped, &returned, TRUE) && returned == byteCount);
}

// At a place where Linux, which fills its space from the top, puts nothing else meanwhile.
static char* Map(void) {
  static char* place;
  char* memory;
  if (place == NULL) {
    place = mmap(NULL, 1 << 30, READ_WRITE, PRIVATE_ANONYMOUS, -1, 0);
    CHECK(place != MAP_FAILED_ && munmap(place, 1 << 30) == 0);
  }
  memory = mmap(place, length, READ_WRITE, PRIVATE_ANONYMOUS, -1, 0);
  CHECK(memory == place);
  return memory;
}

// Nothing is there: a request on it is refused.
#define CHECK_GONE(Memory) \
  CHECK_FAILS(DeviceIoControl(file, IOCTL_SHARE, NULL, 0, Memory, 1, NULL, &overlapped), ERROR_NOACCESS)

// The application's heap has its own data at both ends of a free block, which the driver is kept off here as it would not be
// in life; a sanitizer reports the driver's access to freed memory, as it should.
static void Freed(size_t byteCount) {
#ifndef TEST_WITH_SANITIZER
  char* memory = malloc(byteCount);
  CHECK(memory != NULL);
  Share(memory + 4096, (DWORD)byteCount - 8192);
  free(memory);
  UseAndEnd((DWORD)byteCount - 8192);
#else
  (void)byteCount;
#endif
}

static void Unmapped(void) {
  char* memory = Map();
  Share(memory + 10, length - 10);
  CHECK(munmap(memory, length) == 0);
  UseAndEnd(length - 10);
  CHECK_GONE(memory);
  CHECK_GONE(memory + length - 4096);

  // Less than what is locked, and more.
  memory = Map();
  Share(memory + 4096, 4 * 4096);
  CHECK(munmap(memory + 2 * 4096, 4096) == 0);
  UseAndEnd(4 * 4096);
  CHECK_GONE(memory + 2 * 4096);
  memory[4096] = 1;
  CHECK(munmap(memory, length) == 0);
  CHECK_GONE(memory);

  // Two requests: the last one decides.
  memory = Map();
  Share(memory, length);
  static OVERLAPPED second;
  second = NewOverlapped();
  CHECK_FAILS(DeviceIoControl(file, IOCTL_SHARE, NULL, 0, memory, 4096, NULL, &second), ERROR_IO_PENDING);
  CHECK(munmap(memory, length) == 0);
  UseAndEnd(length);
  CHECK(Control(device, IOCTL_USE, NULL, 0, NULL, 0));
  DWORD returned;
  CHECK(GetOverlappedResult(file, &second, &returned, TRUE) && returned == 4096);
  CHECK(CloseHandle(second.hEvent));
  CHECK_GONE(memory);
}

static void Remapped(void) {
  char *memory = Map(), *moved, *behind = mmap(memory + length, 4096, READ_WRITE, PRIVATE_ANONYMOUS, -1, 0);
  CHECK(behind == memory + length);  // no room to grow in place
  memset(memory, 3, length);
  Share(memory, length);
  moved = mremap(memory, length, 64 * length, MAY_MOVE);
  CHECK(moved != MAP_FAILED_ && moved != memory && moved[0] == 3 && moved[length - 1] == 3);
  UseAndEnd(length);
  moved[64 * length - 1] = 1;
  CHECK_GONE(memory);
  Share(moved, 2 * 4096);
  CHECK(mremap(moved, 64 * length, 4096, 0) == moved);
  UseAndEnd(2 * 4096);
  CHECK_GONE(moved + 64 * length - 4096);
  moved[4095] = 1;
  CHECK(munmap(moved, 4096) == 0 && munmap(behind, 4096) == 0);
}

static void Discarded(void) {
  char* memory = Map();
  memset(memory, 3, length);
  Share(memory, length);
  CHECK(madvise(memory, length, DONT_NEED) == -1);  // locked pages are not to be discarded
  UseAndEnd(length);
  CHECK(memory[1] == 3 && memory[0] == 1 && memory[length - 1] == (char)0xEE);  // one memory still
  CHECK(madvise(memory, length, DONT_NEED) == 0 && memory[1] == 0);
  CHECK(munmap(memory, length) == 0);
}

static void VirtuallyFreed(void) {
  char* memory = Pages(pages);
  Share(memory, length);
  CHECK(VirtualFree(memory, 0, MEM_RELEASE));
  UseAndEnd(length);
  CHECK_GONE(memory);

  memory = Pages(pages);
  Share(memory, length);
  CHECK(VirtualFree(memory + 4096, 4096, MEM_DECOMMIT));
  UseAndEnd(length);
  CHECK(memory[2 * 4096] == 3);
  CHECK(VirtualAlloc(memory + 4096, 4096, MEM_COMMIT, PAGE_READWRITE) == memory + 4096);
  CHECK(memory[4096] == 0);
  CHECK(VirtualFree(memory, 0, MEM_RELEASE));
}

int main(void) {
  device = OpenTest(0);
  file = OpenTest(FILE_FLAG_OVERLAPPED);
  overlapped = NewOverlapped();
  Freed(100000);
  Freed(8 << 20);
  Freed(200 << 20);
  Unmapped();
  Remapped();
  Discarded();
  VirtuallyFreed();
  // And one that is never completed, by a client that goes.
  char* memory = Map();
  Share(memory, length);
  CHECK(munmap(memory, length) == 0);
  return 0;
}
