// SPDX-License-Identifier: MIT
// client SEED [COUNT]: some threads that do all there is to do with the driver, in no order, COUNT times each
// or until somebody kills the process. What goes wrong ends it with status 1.
#include "../conformance/common/linux_memory.h"
#include "../conformance/common/test_client.h"
#include "soak.h"

enum { THREADS = 3, MUTEXES = 4 };

static ULONG seed;
static LONG rounds = -1;

static ULONG Random(ULONG* state, ULONG below) {
  *state = *state * 1664525u + 1013904223u;
  return (*state >> 8) % below;
}

static void Pend(HANDLE file, DWORD code, void* buffer, DWORD length, BOOL cancel) {
  OVERLAPPED overlapped = NewOverlapped();
  DWORD returned;
  if (!DeviceIoControl(file, code, NULL, 0, buffer, length, NULL, &overlapped)) {
    CHECK(GetLastError() == ERROR_IO_PENDING);
    if (cancel) CancelIoEx(file, &overlapped);
    if (!GetOverlappedResult(file, &overlapped, &returned, TRUE))
      CHECK(GetLastError() == ERROR_OPERATION_ABORTED);
  }
  CHECK(CloseHandle(overlapped.hEvent));
}

static void SumOf(HANDLE file, const UCHAR* bytes, DWORD length) {
  ULONG64 sum = 0, expected = 0;
  DWORD i;
  for (i = 0; i < length; ++i) expected += bytes[i];
  CHECK(Control(file, IOCTL_SOAK_SUM, (void*)bytes, length, &sum, sizeof(sum)));
  CHECK(sum == expected);
}

#ifdef TEST_WITHOUT_HEAP
enum { KINDS = 2 };
#else
enum { KINDS = 3 };
#endif

// A kind of memory that is new to the driver.
static char* Fresh(ULONG* state, DWORD length, int* kind) {
  switch (*kind = (int)Random(state, KINDS)) {
    case 0:
      return MapMemory(length, READ_WRITE);
    case 1:
      return VirtualAlloc(NULL, length, MEM_RESERVE | MEM_COMMIT, PAGE_READWRITE);
    default:
      return malloc(length);
  }
}

static void Free(char* memory, DWORD length, int kind) {
  if (kind == 0) CHECK(munmap(memory, length) == 0);
  if (kind == 1) CHECK(VirtualFree(memory, 0, MEM_RELEASE));
  if (kind == 2) free(memory);
}

static DWORD WINAPI DoNothing(void* unused) {
  (void)unused;
  return 5;
}

static void Step(ULONG* state, HANDLE file) {
  char on_stack[256];
  DWORD length = 64 + Random(state, 40000), returned;
  char *memory, *mapped = NULL, name[32];
  HANDLE handle;
  int kind;

  switch (Random(state, 12)) {
    case 0:
      memset(on_stack, 7, sizeof(on_stack));
      CHECK(DeviceIoControl(file, IOCTL_SOAK_ECHO, on_stack, sizeof(on_stack), on_stack, sizeof(on_stack),
                            &returned, NULL));
      CHECK(on_stack[255] == 7);
      return;
    case 1:
    case 2:
      memory = Fresh(state, length, &kind);
      CHECK(memory != NULL);
      Pend(file, Random(state, 2) ? IOCTL_SOAK_PEND : IOCTL_SOAK_SLOW, memory, length, TRUE);
      Free(memory, length, kind);
      return;
    case 3:
      Pend(file, IOCTL_SOAK_SLOW, on_stack, sizeof(on_stack), FALSE);
      CHECK(on_stack[0] == 0x51 && on_stack[255] == 0x51);
      return;
    case 4:
      memory = Fresh(state, length, &kind);
      CHECK(memory != NULL);
      memset(memory, 1 + (int)Random(state, 100), length);
      SumOf(file, (UCHAR*)memory, length);
      Free(memory, length, kind);
      return;
    case 5:
      memset(on_stack, 3, sizeof(on_stack));
      SumOf(file, (UCHAR*)on_stack, sizeof(on_stack));
      return;
    case 6:
    case 7:
      memory = Fresh(state, length, &kind);
      CHECK(memory != NULL);
      CHECK(Control(file, IOCTL_SOAK_LOCK, NULL, 0, memory, length));
      CHECK(memory[0] == 0x52 && memory[length - 1] == 0x52);
      if (Random(state, 2)) CHECK(Control(file, IOCTL_SOAK_UNLOCK, NULL, 0, NULL, 0));
      Free(memory, length, kind);
      CHECK(Control(file, IOCTL_SOAK_UNLOCK, NULL, 0, NULL, 0));
      return;
    case 8:
      CHECK(DeviceIoControl(file, IOCTL_SOAK_MAP, NULL, 0, &mapped, sizeof(mapped), &returned, NULL));
      CHECK(mapped != NULL);
      for (kind = 0; kind < 3; ++kind) {
        if (mapped[kind * TEST_PAGE] == 0) continue;
        fprintf(stderr, "%p: page %d is not zeroed: %02x\n", (void*)mapped, kind,
                mapped[kind * TEST_PAGE] & 0xff);
        CHECK(!"new memory");
      }
      memset(mapped, 9, 3 * TEST_PAGE);
      if (Random(state, 2)) CHECK(Control(file, IOCTL_SOAK_UNMAP, NULL, 0, NULL, 0));
      return;
    case 9:
      sprintf(name, "SoakMutex%u", Random(state, MUTEXES));
      handle = CreateMutexA(NULL, FALSE, name);
      CHECK(handle != NULL);
      returned = WaitForSingleObject(handle, INFINITE);
      CHECK(returned == WAIT_OBJECT_0 || returned == WAIT_ABANDONED);
      if (Random(state, 2)) Sleep(1);
      CHECK(ReleaseMutex(handle) && CloseHandle(handle));
      return;
    case 10:
      handle = CreateThread(NULL, 0, DoNothing, NULL, 0, NULL);
      CHECK(handle != NULL && WaitForSingleObject(handle, INFINITE) == WAIT_OBJECT_0);
      CHECK(GetExitCodeThread(handle, &returned) && returned == 5 && CloseHandle(handle));
      return;
    default:
      memset(on_stack, 1, sizeof(on_stack));
      memory = Fresh(state, length, &kind);
      CHECK(memory != NULL);
      memset(memory, 1, length);
      CHECK(Control(file, IOCTL_SOAK_ATTACH, NULL, 0, on_stack, sizeof(on_stack)));
      CHECK(Control(file, IOCTL_SOAK_ATTACH, NULL, 0, memory, length));
      CHECK(on_stack[0] == 2 && on_stack[255] == 2 && memory[0] == 2 && memory[length - 1] == 2);
      Free(memory, length, kind);
      return;
  }
}

static DWORD WINAPI Work(void* number) {
  ULONG state = seed * 31 + (ULONG)(ULONG_PTR)number;
  LONG round;
  for (round = 0; round != rounds; ++round) {
    HANDLE file = OpenTest(FILE_FLAG_OVERLAPPED);
    ULONG i;
    for (i = 0; i < 8; ++i) Step(&state, file);
    CHECK(CloseHandle(file));
  }
  return 0;
}

int main(int argc, char** argv) {
  HANDLE threads[THREADS];
  int i;
  seed = argc > 1 ? (ULONG)atoi(argv[1]) : 1;
  if (argc > 2) rounds = atoi(argv[2]);
  for (i = 0; i < THREADS; ++i) {
    threads[i] = CreateThread(NULL, 0, Work, (void*)(ULONG_PTR)i, 0, NULL);
    CHECK(threads[i] != NULL);
  }
  CHECK(WaitForMultipleObjects(THREADS, threads, TRUE, INFINITE) == WAIT_OBJECT_0);
  for (i = 0; i < THREADS; ++i) CHECK(CloseHandle(threads[i]));
  return 0;
}
