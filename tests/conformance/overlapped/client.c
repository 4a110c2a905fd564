// SPDX-License-Identifier: MIT
// Overlapped requests, and the ways to learn of their end: event, file handle, completion port, APC.
#include "../common/test_client.h"
#include "overlapped.h"

#define NTSTATUS_UNSUCCESSFUL ((LONG)0xC0000001)
#define NTSTATUS_BUFFER_OVERFLOW ((LONG)0x80000005)

static HANDLE device;

static void StartRead(HANDLE file, char* buffer, DWORD size, OVERLAPPED* overlapped) {
  CHECK_FAILS(ReadFile(file, buffer, size, NULL, overlapped), ERROR_IO_PENDING);
  CHECK(!HasOverlappedIoCompleted(overlapped));
}

static void Many(HANDLE file) {
  OVERLAPPED many[32];
  char bytes[32] = {0};
  DWORD moved;
  for (int i = 0; i < 32; ++i) {
    many[i] = NewOverlapped();
    many[i].Offset = i + 1;
    StartRead(file, &bytes[i], 1, &many[i]);
  }
  for (int i = 0; i < 32; ++i) {
    Finish(device, 0, 1);
    CHECK(GetOverlappedResult(file, &many[i], &moved, TRUE) && bytes[i] == i + 1);
    CHECK(i == 31 || !HasOverlappedIoCompleted(&many[i + 1]));
    CHECK(CloseHandle(many[i].hEvent));
  }
}

static void ByEvent(void) {
  HANDLE file = OpenTest(FILE_FLAG_OVERLAPPED);
  OVERLAPPED read = NewOverlapped(), write = NewOverlapped();
  char buffer[16] = {0};
  DWORD moved = 99;

  read.Offset = 0x41;
  CHECK(SetEvent(read.hEvent));  // starting a request resets it
  StartRead(file, buffer, 8, &read);
  CHECK(WaitForSingleObject(read.hEvent, 0) == WAIT_TIMEOUT);
  CHECK_FAILS(GetOverlappedResult(file, &read, &moved, FALSE), ERROR_IO_INCOMPLETE);
  CHECK_FAILS(GetOverlappedResultEx(file, &read, &moved, 0, FALSE), ERROR_IO_INCOMPLETE);
  CHECK_FAILS(GetOverlappedResultEx(file, &read, &moved, 10, FALSE), WAIT_TIMEOUT);
  CHECK(buffer[0] == 0);
  Finish(device, 0, 8);
  CHECK(WaitForSingleObject(read.hEvent, INFINITE) == WAIT_OBJECT_0);
  CHECK(GetOverlappedResultEx(file, &read, &moved, 0, FALSE) && moved == 8);
  CHECK(GetOverlappedResult(file, &read, &moved, TRUE) && moved == 8);
  CHECK(buffer[7] == 0x41 && buffer[8] == 0);

  // With an error nothing arrives.
  memset(buffer, 0, sizeof(buffer));
  StartRead(file, buffer, 8, &read);
  Finish(device, NTSTATUS_UNSUCCESSFUL, 8);
  CHECK_FAILS(GetOverlappedResult(file, &read, &moved, TRUE), ERROR_GEN_FAILURE);
  CHECK(buffer[0] == 0);
  // With a warning as much as the driver says.
  StartRead(file, buffer, 8, &read);
  Finish(device, NTSTATUS_BUFFER_OVERFLOW, 4);
  CHECK_FAILS(GetOverlappedResult(file, &read, &moved, TRUE), ERROR_MORE_DATA);
  CHECK(moved == 4 && buffer[3] == 0x41 && buffer[4] == 0);

  // Completed at once: no need to wait, and the event is set all the same.
  CHECK(WriteFile(file, buffer, 5, &moved, &write) && moved == 5);
  CHECK(WaitForSingleObject(write.hEvent, 0) == WAIT_OBJECT_0);
  CHECK(GetOverlappedResult(file, &write, &moved, FALSE) && moved == 5);
  Many(file);
  CHECK(CloseHandle(read.hEvent) && CloseHandle(write.hEvent) && CloseHandle(file));
}

// No event: the file's own.
static void ByFile(void) {
  HANDLE file = OpenTest(FILE_FLAG_OVERLAPPED);
  OVERLAPPED read = {0};
  char buffer[4];
  DWORD moved;
  StartRead(file, buffer, 4, &read);
  CHECK(WaitForSingleObject(file, 0) == WAIT_TIMEOUT);
  CHECK_FAILS(GetOverlappedResultEx(file, &read, &moved, 1, FALSE), WAIT_TIMEOUT);
  Finish(device, 0, 4);
  CHECK(WaitForSingleObject(file, INFINITE) == WAIT_OBJECT_0);
  CHECK(GetOverlappedResult(file, &read, &moved, TRUE) && moved == 4);
  CHECK(CloseHandle(file));
}

// Another thread is told of the end, of a request that is completed in dispatch, while the one that made it
// is still on its way out: the results are there.
enum { announced_rounds = 2000 };
static struct {
  OVERLAPPED overlapped;
  volatile LONG output[32];
  HANDLE port, seen;
  LONG stale;
} announced;

static DWORD WINAPI Hear(void* unused) {
  LONG round;
  (void)unused;
  for (round = 1; round <= announced_rounds; ++round) {
    DWORD moved;
    ULONG_PTR key;
    OVERLAPPED* found;
    if (announced.port != NULL) {
      CHECK(GetQueuedCompletionStatus(announced.port, &moved, &key, &found, INFINITE));
      CHECK(found == &announced.overlapped && moved == sizeof(announced.output));
    } else {
      CHECK(WaitForSingleObject(announced.overlapped.hEvent, INFINITE) == WAIT_OBJECT_0);
    }
    if (!HasOverlappedIoCompleted(&announced.overlapped) ||
        announced.overlapped.InternalHigh != sizeof(announced.output) || announced.output[0] != round ||
        announced.output[31] != round)
      ++announced.stale;
    CHECK(SetEvent(announced.seen));
  }
  return 0;
}

static void AnnouncedWithResults(BOOL by_port) {
  HANDLE file = OpenTest(FILE_FLAG_OVERLAPPED), thread;
  LONG input[32], round, i;
  memset(&announced, 0, sizeof(announced));
  announced.seen = CreateEventA(NULL, FALSE, FALSE, NULL);
  if (by_port) {
    announced.port = CreateIoCompletionPort(file, NULL, 0, 0);
    CHECK(announced.port != NULL);
  } else {
    announced.overlapped.hEvent = CreateEventA(NULL, FALSE, FALSE, NULL);
    CHECK(announced.overlapped.hEvent != NULL);
  }
  thread = CreateThread(NULL, 0, Hear, NULL, 0, NULL);
  CHECK(announced.seen != NULL && thread != NULL);
  for (round = 1; round <= announced_rounds; ++round) {
    for (i = 0; i < 32; ++i) input[i] = round;
    CHECK(DeviceIoControl(file, IOCTL_OVERLAPPED_ECHO, input, sizeof(input), (void*)announced.output,
                          sizeof(announced.output), NULL, &announced.overlapped));
    CHECK(WaitForSingleObject(announced.seen, INFINITE) == WAIT_OBJECT_0);
  }
  CHECK(WaitForSingleObject(thread, INFINITE) == WAIT_OBJECT_0 && CloseHandle(thread));
  if (announced.stale != 0) fprintf(stderr, "%d of %d were stale\n", announced.stale, announced_rounds);
  CHECK(announced.stale == 0);
  CHECK(CloseHandle(by_port ? announced.port : announced.overlapped.hEvent) && CloseHandle(announced.seen) &&
        CloseHandle(file));
}

static void ByPort(void) {
  HANDLE file = OpenTest(FILE_FLAG_OVERLAPPED), port, other, event;
  OVERLAPPED read = {0}, second = {0}, *found = NULL;
  char buffer[4];
  DWORD moved = 0;
  ULONG_PTR key = 0;
  port = CreateIoCompletionPort(file, NULL, 0x1234, 0);
  CHECK(port != NULL);
  other = CreateIoCompletionPort(INVALID_HANDLE_VALUE, NULL, 0, 1);
  CHECK(other != NULL);
  CHECK_FAILS(CreateIoCompletionPort(file, other, 1, 0) != NULL, ERROR_INVALID_PARAMETER);  // it has one already
  CHECK_FAILS(GetQueuedCompletionStatus(port, &moved, &key, &found, 0), WAIT_TIMEOUT);
  CHECK(found == NULL);
  StartRead(file, buffer, 4, &read);
  CHECK_FAILS(GetQueuedCompletionStatus(port, &moved, &key, &found, 1), WAIT_TIMEOUT);
  Finish(device, 0, 3);
  CHECK(GetQueuedCompletionStatus(port, &moved, &key, &found, INFINITE));
  CHECK(moved == 3 && key == 0x1234 && found == &read);
  // A failed request is a packet too: FALSE, and the structure is there.
  StartRead(file, buffer, 4, &read);
  StartRead(file, buffer, 4, &second);
  Finish(device, NTSTATUS_UNSUCCESSFUL, 0);
  CHECK(CancelIoEx(file, &second));
  CHECK_FAILS(GetQueuedCompletionStatus(port, &moved, &key, &found, INFINITE), ERROR_GEN_FAILURE);
  CHECK(found == &read);
  CHECK_FAILS(GetQueuedCompletionStatus(port, &moved, &key, &found, INFINITE), ERROR_OPERATION_ABORTED);
  CHECK(found == &second);
  // One that is completed at once is queued as well.
  CHECK(WriteFile(file, buffer, 2, &moved, &read));
  CHECK(GetQueuedCompletionStatus(port, &moved, &key, &found, INFINITE) && found == &read && moved == 2);
  // The lowest bit of the event: no packet wanted.
  event = CreateEventA(NULL, TRUE, FALSE, NULL);
  read.hEvent = (HANDLE)((ULONG_PTR)event | 1);
  StartRead(file, buffer, 4, &read);
  Finish(device, 0, 4);
  CHECK(WaitForSingleObject(event, INFINITE) == WAIT_OBJECT_0);
  CHECK(GetOverlappedResult(file, &read, &moved, FALSE) && moved == 4);
  CHECK_FAILS(GetQueuedCompletionStatus(port, &moved, &key, &found, 0), WAIT_TIMEOUT);
  CHECK(PostQueuedCompletionStatus(port, 5, 6, (LPOVERLAPPED)8));
  CHECK(GetQueuedCompletionStatus(port, &moved, &key, &found, INFINITE) && moved == 5 && key == 6);
  CHECK((ULONG_PTR)found == 8);
  CHECK(CloseHandle(event) && CloseHandle(file) && CloseHandle(port) && CloseHandle(other));
}

static int routineCalls;
static DWORD routineError, routineMoved, routineThread;
static OVERLAPPED* routineOverlapped;

static VOID WINAPI Routine(DWORD error, DWORD moved, LPOVERLAPPED overlapped) {
  ++routineCalls;
  routineError = error;
  routineMoved = moved;
  routineOverlapped = overlapped;
  routineThread = GetCurrentThreadId();
}

static void ByApc(void) {
  HANDLE file = OpenTest(FILE_FLAG_OVERLAPPED);
  OVERLAPPED read = {0}, write = {0}, pending = NewOverlapped();
  char buffer[4] = {0};
  DWORD moved;
  read.Offset = 7;
  CHECK(ReadFileEx(file, buffer, 4, &read, Routine));
  CHECK(SleepEx(1, TRUE) == 0 && routineCalls == 0);
  Finish(device, 0, 4);
  CHECK(WaitForSingleObject(file, 0) != WAIT_FAILED && routineCalls == 0);  // not alertable
  CHECK(SleepEx(INFINITE, TRUE) == WAIT_IO_COMPLETION);
  CHECK(routineCalls == 1 && routineError == 0 && routineMoved == 4 && routineOverlapped == &read);
  CHECK(routineThread == GetCurrentThreadId() && buffer[3] == 7);
  // Completed at once, and yet called back in an alertable wait only.
  CHECK(WriteFileEx(file, buffer, 3, &write, Routine));
  CHECK(routineCalls == 1);
  CHECK(SleepEx(INFINITE, TRUE) == WAIT_IO_COMPLETION);
  CHECK(routineCalls == 2 && routineMoved == 3 && routineOverlapped == &write);
  // A cancelled one.
  CHECK(ReadFileEx(file, buffer, 4, &read, Routine));
  CHECK(CancelIoEx(file, &read));
  while (routineCalls < 3) CHECK(SleepEx(INFINITE, TRUE) == WAIT_IO_COMPLETION);
  CHECK(routineError == ERROR_OPERATION_ABORTED && routineMoved == 0);
  // An alertable wait for a request's result, ended by another request's APC.
  StartRead(file, buffer, 1, &pending);
  CHECK(WriteFileEx(file, buffer, 3, &write, Routine));
  CHECK_FAILS(GetOverlappedResultEx(file, &pending, &moved, INFINITE, TRUE), WAIT_IO_COMPLETION);
  CHECK(routineCalls == 4);
  Finish(device, 0, 1);
  CHECK(GetOverlappedResultEx(file, &pending, &moved, INFINITE, TRUE) && moved == 1);
  CHECK(CloseHandle(pending.hEvent) && CloseHandle(file));
}

int main(void) {
  device = OpenTest(0);
  ByEvent();
  ByFile();
  ByPort();
  ByApc();
  AnnouncedWithResults(FALSE);
  AnnouncedWithResults(TRUE);
  CHECK(CloseHandle(device));
  return 0;
}
