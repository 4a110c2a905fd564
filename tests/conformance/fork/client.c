// SPDX-License-Identifier: MIT
// A child that is forked while a driver has memory of its parent locked: it finds what the parent had there, and what it
// writes there is its own.
#include "../common/test_client.h"

#include <sys/wait.h>

#define IOCTL_PEND TEST_CODE(1, METHOD_OUT_DIRECT, FILE_ANY_ACCESS)
#define BYTES 10000

int fork(void);
void _exit(int status) __attribute__((noreturn));

static char* buffers[3];

static int AllAre(const char* buffer, char value) {
  for (int i = 0; i < BYTES; ++i) {
    if (buffer[i] != value) return 0;
  }
  return 1;
}

static void Child(void) {
  for (int i = 0; i < 3; ++i) {
    if (!AllAre(buffers[i], (char)(0x10 + i))) _exit(10 + i);
    memset(buffers[i], 0x77, BYTES);
  }
  // A heap that is the child's alone.
  for (int i = 1; i < 1000; ++i) {
    char* memory = malloc((size_t)i * 8);
    if (memory == NULL) _exit(20);
    memset(memory, 0x77, (size_t)i * 8);
    if (i % 2 == 0) free(memory);
  }
  free(buffers[0]);
  _exit(0);
}

int main(void) {
  HANDLE file = OpenTest(FILE_FLAG_OVERLAPPED);
  OVERLAPPED overlapped[3];
  DWORD returned;
  int i, status = 0;
  buffers[0] = malloc(BYTES);
  buffers[1] = malloc(BYTES);
  // Most of which is never written.
  buffers[2] = VirtualAlloc(NULL, (SIZE_T)1 << 30, MEM_RESERVE | MEM_COMMIT, PAGE_READWRITE);
  for (i = 0; i < 3; ++i) {
    CHECK(buffers[i] != NULL);
    memset(buffers[i], 0x10 + i, BYTES);
    overlapped[i] = NewOverlapped();
    CHECK_FAILS(DeviceIoControl(file, IOCTL_PEND, NULL, 0, buffers[i], BYTES, NULL, &overlapped[i]), ERROR_IO_PENDING);
  }
  const int child = fork();
  if (child == 0) Child();
  CHECK(child > 0 && waitpid(child, &status, 0) == child);
  CHECK(status == 0);
  for (i = 0; i < 3; ++i) CHECK(AllAre(buffers[i], (char)(0x10 + i)));
  CHECK(CancelIo(file));
  for (i = 0; i < 3; ++i) {
    CHECK_FAILS(GetOverlappedResult(file, &overlapped[i], &returned, TRUE), ERROR_OPERATION_ABORTED);
    CHECK(CloseHandle(overlapped[i].hEvent));
  }
  CHECK(CloseHandle(file));
  free(buffers[0]);
  free(buffers[1]);
  CHECK(VirtualFree(buffers[2], 0, MEM_RELEASE));
  return 0;
}
