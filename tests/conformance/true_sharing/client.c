// SPDX-License-Identifier: MIT
// Memory that a request locks is one memory for driver and application, whatever kind it is: both write while
// the request is pending, and see each other's bytes through nothing but these. Stacks and other shared
// mappings of a client in a process of its own are the exception (src/mm/README.md): the driver has a copy,
// whose changed bytes are there when the request is completed.
#include "../common/linux_memory.h"
#include "../common/test_client.h"
#include "true_sharing.h"

static HANDLE device, file;
static OVERLAPPED overlapped;

static void Share(DWORD code, void* buffer, DWORD length) {
  CHECK_FAILS(DeviceIoControl(file, code, NULL, 0, buffer, length, NULL, &overlapped), ERROR_IO_PENDING);
}

static DWORD WINAPI CallDriver(void* code) {
  return Control(device, *(DWORD*)code, NULL, 0, NULL, 0) ? 0 : GetLastError();
}

static void AwaitTurn(volatile UCHAR* byte, UCHAR value, HANDLE driver) {
  while (*byte != value) {
    DWORD error;
    if (WaitForSingleObject(driver, 0) != WAIT_OBJECT_0) continue;
    CHECK(GetExitCodeThread(driver, &error) && (SetLastError(error), *byte == value));
  }
}

static void EndOfPlay(HANDLE driver) {
  DWORD error, returned;
  CHECK(WaitForSingleObject(driver, INFINITE) == WAIT_OBJECT_0 && GetExitCodeThread(driver, &error));
  SetLastError(error);
  CHECK(error == 0);
  CHECK(CloseHandle(driver) && GetOverlappedResult(file, &overlapped, &returned, TRUE));
}

static void PlayIn(DWORD code, char* buffer, ULONG length) {
  volatile UCHAR* bytes = (volatile UCHAR*)buffer;
  DWORD play = IOCTL_PLAY;
  ULONG round, at;
  HANDLE driver;

  bytes[0] = 0;
  Share(code, buffer, length);
  driver = CreateThread(NULL, 0, CallDriver, &play, 0, NULL);
  CHECK(driver != NULL);
  for (round = 1; round <= ROUNDS; ++round) {
    for (at = NextOffset(0, length);; at = NextOffset(at, length)) {
      bytes[at] = Mark(round, at, 0);
      if (at == length - 1) break;
    }
    bytes[0] = TurnOf(round, 0);
    AwaitTurn(bytes, TurnOf(round, 1), driver);
    for (at = NextOffset(0, length);; at = NextOffset(at, length)) {
      CHECK(bytes[at] == Mark(round, at, 1));
      if (at == length - 1) break;
    }
  }
  EndOfPlay(driver);
}

static void WatchIn(char* buffer, ULONG length) {
  UCHAR seen;
  DWORD returned;
  int value;

  Share(IOCTL_SHARE_IN, buffer, length);
  for (value = 1; value <= 20; ++value) {
    *(volatile char*)buffer = (char)value;
    CHECK(Control(device, IOCTL_PEEK, NULL, 0, &seen, 1) && seen == value);
  }
  Finish(device, 0, 0);
  CHECK(GetOverlappedResult(file, &overlapped, &returned, TRUE));
}

// In all ways: the second and third time there is nothing to be done first.
static void One(char* buffer, ULONG length) {
  char before = buffer[-1], after = buffer[length];
  PlayIn(IOCTL_SHARE, buffer, length);
  PlayIn(IOCTL_SHARE_NEITHER, buffer, length);
  PlayIn(IOCTL_SHARE, buffer, length);
  CHECK(buffer[-1] == before && buffer[length] == after);
}

enum { large = 1 << 20 };
static char zeroed[3 * SHARING_PAGE];
static char initialised[2 * SHARING_PAGE] = {1, 2, 3};

static void EveryKind(void) {
  char* heap = HeapAlloc(GetProcessHeap(), 0, 300);
  char* small = malloc(64);
  char* big = malloc(large);
  char* mapped = MapMemory(large, READ_WRITE);
  char* pages = Pages(16);
  int descriptor;
  char* of_file = MapFile(4 * SHARING_PAGE, MAP_PRIVATE_, &descriptor);

  CHECK(heap != NULL && small != NULL && big != NULL && mapped != NULL && of_file != NULL);
  One(small + 1, 62);
  One(heap + 5, 290);
  One(big + 20, large - 40);
  One(zeroed + 100, sizeof(zeroed) - 200);
  One(initialised + 3, sizeof(initialised) - 4);
  One(mapped + 1, large - 2);
  One(pages + 4000, 5 * SHARING_PAGE + 17);
  One(of_file + 8, 3 * SHARING_PAGE);
  // What was written into the private mapping is not in the file.
  CHECK(pread(descriptor, small, 64, 0) == 64 && small[8] == 0);

  // Growing and shrinking moves what was locked before.
  big = realloc(big, 4 * large);
  CHECK(big != NULL);
  One(big + 4, 4 * large - 8);
  big = realloc(big, 100);
  CHECK(big != NULL);
  One(big + 1, 98);

  free(small);
  free(big);
  CHECK(HeapFree(GetProcessHeap(), 0, heap));
  CHECK(munmap(mapped, large) == 0 && munmap(of_file, 4 * SHARING_PAGE) == 0 && close(descriptor) == 0);
  CHECK(VirtualFree(pages, 0, MEM_RELEASE));
}

// Locked with read access only.
static void Watching(void) {
  char* fresh = MapMemory(2 * SHARING_PAGE, READ_WRITE);
  char* pages = Pages(2);
  CHECK(fresh != NULL);
  WatchIn(fresh + 100, SHARING_PAGE);
  WatchIn(pages + 10, SHARING_PAGE);
  CHECK(munmap(fresh, 2 * SHARING_PAGE) == 0 && VirtualFree(pages, 0, MEM_RELEASE));
}

// The application writes beside a buffer without pause, while its page becomes shared: nothing that it wrote
// gets lost.
enum { fresh_pages = 200 };
static volatile LONG page_in_turn;
static char* hammered;

static DWORD WINAPI Hammer(void* unused) {
  ULONG written = 0;
  LONG current = -1, next;
  (void)unused;
  while ((next = page_in_turn) >= 0) {
    volatile ULONG* word = (volatile ULONG*)(hammered + next * SHARING_PAGE + 2048);
    if (next != current) written = *word;
    current = next;
    if (*word != written) return 1;
    *word = ++written;
  }
  return 0;
}

static void Neighbours(void) {
  DWORD lost, returned;
  HANDLE hammer;
  int i;

  hammered = MapMemory(fresh_pages * SHARING_PAGE, READ_WRITE);
  CHECK(hammered != NULL);
  hammer = CreateThread(NULL, 0, Hammer, NULL, 0, NULL);
  CHECK(hammer != NULL);
  for (i = 0; i < fresh_pages; ++i) {
    volatile ULONG* word = (volatile ULONG*)(hammered + i * SHARING_PAGE + 2048);
    FILL fill = {0, 16, 0x5A};
    page_in_turn = i;
    while (*word == 0) Sleep(0);
    Share(IOCTL_SHARE, hammered + i * SHARING_PAGE, 16);
    CHECK(Control(device, IOCTL_FILL, &fill, sizeof(fill), NULL, 0));
    CHECK(hammered[i * SHARING_PAGE] == 0x5A && hammered[i * SHARING_PAGE + 15] == 0x5A);
    Finish(device, 0, 16);
    CHECK(GetOverlappedResult(file, &overlapped, &returned, TRUE) && returned == 16);
  }
  page_in_turn = -1;
  CHECK(WaitForSingleObject(hammer, INFINITE) == WAIT_OBJECT_0 && GetExitCodeThread(hammer, &lost) &&
        lost == 0);
  CHECK(CloseHandle(hammer) && munmap(hammered, fresh_pages * SHARING_PAGE) == 0);
}

// What the driver wrote is there after the completion, whether there is a copy or not; so is what the
// application wrote around it, and into the part of the buffer that the driver left alone.
static void WrittenBack(char* memory) {
  enum { length = 600 };
  FILL fill = {100, 200, 0x33};
  DWORD returned;
  int i;

  memset(memory, 1, length);
  Share(IOCTL_SHARE, memory + 50, length - 100);
  CHECK(Control(device, IOCTL_FILL, &fill, sizeof(fill), NULL, 0));
  memset(memory, 2, 50);
  memset(memory + length - 50, 2, 50);
  memset(memory + 50, 3, 100);
  Finish(device, 0, length - 100);
  CHECK(GetOverlappedResult(file, &overlapped, &returned, TRUE) && returned == length - 100);
  for (i = 0; i < length; ++i) {
    char expected = i < 50 || i >= length - 50 ? 2 : i < 150 ? 3 : i < 350 ? 0x33 : 1;
    CHECK(memory[i] == expected);
  }
}

static DWORD WINAPI OnAnotherStack(void* unused) {
  char on_stack[700];
  (void)unused;
  WrittenBack(on_stack + 50);
  return 0;
}

static void Copied(void) {
  char on_stack[700];
  int descriptor;
  char* of_file = MapFile(SHARING_PAGE, MAP_SHARED_, &descriptor);
  HANDLE thread = CreateThread(NULL, 0, OnAnotherStack, NULL, 0, NULL);
  CHECK(of_file != NULL && thread != NULL && WaitForSingleObject(thread, INFINITE) == WAIT_OBJECT_0);
  CHECK(CloseHandle(thread));
  WrittenBack(on_stack + 50);
  WrittenBack(of_file + 1000);
  CHECK(pread(descriptor, on_stack, 1, 1200) == 1 && on_stack[0] == 0x33);
  CHECK(munmap(of_file, SHARING_PAGE) == 0 && close(descriptor) == 0);
}

int main(void) {
  device = OpenTest(0);
  file = OpenTest(FILE_FLAG_OVERLAPPED);
  overlapped = NewOverlapped();
  EveryKind();
  Watching();
  Neighbours();
  Copied();
  CHECK(CloseHandle(overlapped.hEvent) && CloseHandle(file) && CloseHandle(device));
  return 0;
}
