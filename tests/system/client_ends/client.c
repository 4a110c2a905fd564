// SPDX-License-Identifier: MIT
// client pend: has requests of every kind pending, says its id, and ends as it is told to.
// client handles: closes handles twice when it is told to go on.
// client observe: tells what has become of the handles of the process whose id it is told.
#include "../../conformance/common/test_client.h"
#include "client_ends.h"

enum { KINDS = 3, IRP_MJ_CLOSE_ = 2, IRP_MJ_CLEANUP_ = 18 };

static const DWORD codes[KINDS] = {IOCTL_PEND, IOCTL_PEND_DIRECT, IOCTL_PEND_NEITHER};
static const char* const names[KINDS] = {"buffered", "direct", "neither"};

static void Say(const char* line) {
  puts(line);
  fflush(stdout);
}

static BOOL Hear(char* line, int size) {
  if (fgets(line, size, stdin) == NULL) return FALSE;
  line[strcspn(line, "\n")] = 0;
  return TRUE;
}

// ---- pend

static char buffers[2][KINDS][20000];

static DWORD WINAPI WaitInRequest(void* number) {
  int kind = (int)(ULONG_PTR)number;
  Control(OpenTest(0), codes[kind], NULL, 0, buffers[0][kind], sizeof(buffers[0][kind]));
  return 0;
}

static int Pend(void) {
  static OVERLAPPED overlapped[KINDS];
  HANDLE file = OpenTest(FILE_FLAG_OVERLAPPED);
  char line[32];
  int i;
  for (i = 0; i < KINDS; ++i) {
    overlapped[i] = NewOverlapped();
    CHECK_FAILS(DeviceIoControl(file, codes[i], NULL, 0, buffers[1][i], sizeof(buffers[1][i]), NULL, &overlapped[i]),
                ERROR_IO_PENDING);
    CHECK(CreateThread(NULL, 0, WaitInRequest, (void*)(ULONG_PTR)i, 0, NULL) != NULL);
  }
  AwaitPending(OpenTest(0), 2 * KINDS);
  printf("%u\n", GetCurrentProcessId());
  fflush(stdout);
  if (Hear(line, sizeof(line)) && strcmp(line, "ExitProcess") == 0) ExitProcess(7);
  return 7;
}

// ---- handles

static void CloseTwice(HANDLE handle) {
  CHECK(handle != NULL && CloseHandle(handle));
  CHECK_FAILS(CloseHandle(handle), ERROR_INVALID_HANDLE);
  CHECK_FAILS(CloseHandle(handle), ERROR_INVALID_HANDLE);
}

static DWORD WINAPI CloseMany(void* handles) {
  DWORD closed = 0;
  int i;
  for (i = 0; i < 100; ++i) {
    if (CloseHandle(((HANDLE*)handles)[i])) {
      ++closed;
    } else {
      CHECK(GetLastError() == ERROR_INVALID_HANDLE);
    }
  }
  return closed;
}

// Each handle is closed by one of two threads, and nobody opens another meanwhile.
static void CloseAtOnce(void) {
  HANDLE handles[100], threads[2];
  DWORD closed[2];
  int i;
  for (i = 0; i < 100; ++i) handles[i] = i % 2 == 0 ? CreateEventA(NULL, TRUE, FALSE, NULL) : OpenTest(0);
  for (i = 0; i < 2; ++i) threads[i] = CreateThread(NULL, 0, CloseMany, handles, CREATE_SUSPENDED, NULL);
  for (i = 0; i < 2; ++i) CHECK(ResumeThread(threads[i]) == 1);
  CHECK(WaitForMultipleObjects(2, threads, TRUE, INFINITE) == WAIT_OBJECT_0);
  for (i = 0; i < 2; ++i) CHECK(GetExitCodeThread(threads[i], &closed[i]) && CloseHandle(threads[i]));
  CHECK(closed[0] + closed[1] == 100);
}

static int Handles(void) {
  HANDLE device = OpenTest(0), kept = CreateEventA(NULL, TRUE, FALSE, NULL);
  char line[32];
  printf("%u\n", GetCurrentProcessId());
  fflush(stdout);
  CHECK(Hear(line, sizeof(line)));
  CloseTwice(OpenTest(0));
  CloseTwice(CreateEventA(NULL, TRUE, FALSE, NULL));
  CloseTwice(CreateMutexA(NULL, TRUE, "Ring3ClosedTwice"));
  CloseTwice(CreateSemaphoreA(NULL, 0, 1, NULL));
  CloseAtOnce();
  Say("closed");
  CHECK(Hear(line, sizeof(line)));
  // Those that it has not closed are good.
  CHECK(SetEvent(kept) && StateOf(device).Pending == 0);
  return 7;
}

// ---- observe

static void PrintLog(ULONG process) {
  static LOG log;
  HANDLE device = OpenTest(0);
  ULONG i;
  int kind;
  CHECK(Control(device, IOCTL_LOG, &process, sizeof(process), &log, sizeof(log)));
  for (i = 0; i < log.Count; ++i) {
    for (kind = 0; kind < KINDS && codes[kind] != log.Events[i].Code; ++kind) {
    }
    printf("%u:%s ", log.Events[i].File,
           kind < KINDS                                ? names[kind]
           : log.Events[i].Major == IRP_MJ_CLEANUP_    ? "cleanup"
           : log.Events[i].Major == IRP_MJ_CLOSE_      ? "close"
                                                       : "something else");
  }
  Say("");
  CHECK(CloseHandle(device));
}

static int Observe(void) {
  char line[32];
  while (Hear(line, sizeof(line))) PrintLog((ULONG)atoi(line));
  return 0;
}

int main(int argc, char** argv) {
  CHECK(argc == 2);
  if (strcmp(argv[1], "pend") == 0) return Pend();
  if (strcmp(argv[1], "handles") == 0) return Handles();
  CHECK(strcmp(argv[1], "observe") == 0);
  return Observe();
}
