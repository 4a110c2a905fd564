// SPDX-License-Identifier: MIT
// Threads, their exit codes, thread-local storage, last errors.
#include "check.h"

static DWORD ReturnArgument(LPVOID argument) { return (DWORD)(ULONG_PTR)argument; }

static DWORD ExitInstead(LPVOID argument) {
  ExitThread((DWORD)(ULONG_PTR)argument);
}

static VOID ExitFromApc(ULONG_PTR code) {
  ExitThread((DWORD)code);
}

static DWORD ExitInApc(LPVOID argument) {
  QueueUserAPC(ExitFromApc, GetCurrentThread(), (ULONG_PTR)argument);
  SleepEx(INFINITE, TRUE);
  return 1;
}

static DWORD WaitFor(LPVOID event) {
  WaitForSingleObject(event, INFINITE);
  return 5;
}

static DWORD Join(HANDLE thread) {
  DWORD code = 0;
  CHECK_EQ(WaitForSingleObject(thread, INFINITE), WAIT_OBJECT_0);
  CHECK(GetExitCodeThread(thread, &code));
  CHECK(CloseHandle(thread));
  return code;
}

static void ExitCodes(void) {
  DWORD code = 0;
  CHECK_EQ(Join(CreateThread(NULL, 0, ReturnArgument, (LPVOID)0xFFFFFFFE, 0, NULL)), 0xFFFFFFFE);
  CHECK_EQ(Join(CreateThread(NULL, 1 << 20, ExitInstead, (LPVOID)77, 0, NULL)), 77);
  CHECK_EQ(Join(CreateThread(NULL, 0, ExitInApc, (LPVOID)78, 0, NULL)), 78);
  HANDLE event = CreateEventA(NULL, FALSE, FALSE, NULL);
  DWORD id = 0;
  HANDLE thread = CreateThread(NULL, 0, WaitFor, event, 0, &id);
  CHECK(GetExitCodeThread(thread, &code));
  CHECK_EQ(code, STILL_ACTIVE);
  CHECK_EQ(WaitForSingleObject(thread, 0), WAIT_TIMEOUT);
  CHECK(id != 0 && id != GetCurrentThreadId());
  CHECK_EQ(GetThreadId(thread), id);
  CHECK(SetThreadPriority(thread, THREAD_PRIORITY_HIGHEST));
  CHECK(SetEvent(event));
  CHECK_EQ(Join(thread), 5);
  CHECK_FAILS(GetExitCodeThread(event, &code), ERROR_INVALID_HANDLE);
  CHECK(CloseHandle(event));

  DWORD process_code = 0;
  CHECK(GetExitCodeProcess(GetCurrentProcess(), &process_code));
  CHECK_EQ(process_code, STILL_ACTIVE);
  HANDLE process = OpenProcess(PROCESS_ALL_ACCESS, FALSE, GetCurrentProcessId());
  CHECK(process != NULL);
  CHECK_EQ(GetProcessId(process), GetCurrentProcessId());
  CHECK(CloseHandle(process));
  CHECK_FAILS_AS(OpenProcess(PROCESS_ALL_ACCESS, FALSE, 0xFFFFFFF0), NULL, ERROR_INVALID_PARAMETER);
}

static volatile LONG g_ran;
static DWORD Run(LPVOID argument) {
  (void)argument;
  InterlockedIncrement(&g_ran);
  return 0;
}

static void Suspended(void) {
  HANDLE thread = CreateThread(NULL, 0, Run, NULL, CREATE_SUSPENDED, NULL);
  CHECK_EQ(WaitForSingleObject(thread, 20), WAIT_TIMEOUT);
  CHECK_EQ(g_ran, 0);
  CHECK_EQ(ResumeThread(thread), 1);
  CHECK_EQ(Join(thread), 0);
  CHECK_EQ(g_ran, 1);
  CHECK_FAILS_AS(ResumeThread((HANDLE)0x12344), (DWORD)-1, ERROR_INVALID_HANDLE);
}

static DWORD g_index;
static HANDLE g_ready, g_go;

static DWORD UseTls(LPVOID argument) {
  CHECK(TlsGetValue(g_index) == NULL);
  CHECK_EQ(GetLastError(), ERROR_SUCCESS);
  CHECK(TlsSetValue(g_index, argument));
  CHECK(TlsGetValue(g_index) == argument);
  SetLastError(ERROR_NOT_READY);
  SetEvent(g_ready);
  WaitForSingleObject(g_go, INFINITE);
  CHECK_EQ(GetLastError(), ERROR_NOT_READY);  // a thread's own, which success leaves alone
  return TlsGetValue(g_index) == NULL;  // the index is another's now, and its value null
}

static void Tls(void) {
  g_index = TlsAlloc();
  CHECK(g_index != TLS_OUT_OF_INDEXES);
  CHECK(TlsSetValue(g_index, &g_index));
  g_ready = CreateEventA(NULL, FALSE, FALSE, NULL);
  g_go = CreateEventA(NULL, FALSE, FALSE, NULL);
  HANDLE thread = CreateThread(NULL, 0, UseTls, &g_ready, 0, NULL);
  SetLastError(ERROR_BUSY);
  CHECK_EQ(WaitForSingleObject(g_ready, INFINITE), WAIT_OBJECT_0);
  CHECK_EQ(GetLastError(), ERROR_BUSY);
  CHECK(TlsGetValue(g_index) == &g_index);
  CHECK(TlsFree(g_index));
  CHECK_EQ(TlsAlloc(), g_index);
  CHECK(TlsGetValue(g_index) == NULL);
  SetEvent(g_go);
  CHECK_EQ(Join(thread), 1);
  CHECK(TlsFree(g_index));
  CHECK_FAILS(TlsFree(g_index), ERROR_INVALID_PARAMETER);
  CHECK_FAILS(TlsSetValue(0x10000, NULL), ERROR_INVALID_PARAMETER);
  CHECK_FAILS_AS(TlsGetValue(0x10000), NULL, ERROR_INVALID_PARAMETER);
  CHECK(CloseHandle(g_ready) && CloseHandle(g_go));
}

int main(void) {
  ExitCodes();
  Suspended();
  Tls();
  return Finish();
}
