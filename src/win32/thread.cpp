// SPDX-License-Identifier: MIT
#include "win32/win32.h"

#include "nt/information.h"

#include <array>
#include <atomic>

namespace ring3::win32 {
namespace {

const HANDLE kThisProcess = reinterpret_cast<HANDLE>(LONG_PTR{-1});
const HANDLE kThisThread = reinterpret_cast<HANDLE>(LONG_PTR{-2});
using nt::ProcessBasicInformation;
using nt::ThreadBasicInformation;

NTSTATUS Query(HANDLE thread, ThreadBasicInformation* information) {
  return Nt().NtQueryInformationThread(thread, nt::kThreadBasicInformation, information, sizeof(*information), nullptr);
}

NTSTATUS Query(HANDLE process, ProcessBasicInformation* information) {
  return Nt().NtQueryInformationProcess(process, nt::kProcessBasicInformation, information, sizeof(*information), nullptr);
}

constexpr DWORD kTlsSlots = 1088;
std::array<std::atomic<bool>, kTlsSlots> g_tls_used;
thread_local std::array<PVOID, kTlsSlots> t_tls_values;

// An APC carries three arguments; a Win32 one has a single argument and a routine of its own type.
VOID RunUserApc(PVOID routine, PVOID argument, PVOID) {
  reinterpret_cast<PAPCFUNC>(routine)(reinterpret_cast<ULONG_PTR>(argument));
}

}  // namespace

extern "C" {

// https://learn.microsoft.com/windows/win32/api/processthreadsapi/nf-processthreadsapi-createthread
HANDLE CreateThread(LPSECURITY_ATTRIBUTES security, SIZE_T dwStackSize, LPTHREAD_START_ROUTINE lpStartAddress,
                    LPVOID lpParameter, DWORD dwCreationFlags, LPDWORD lpThreadId) {
  Attributes attributes(u"", 0, security);
  HANDLE handle = nullptr;
  ULONG thread_id = 0;
  const NTSTATUS status = Nt().NtCreateThreadEx(
      &handle, THREAD_ALL_ACCESS, attributes.get(), kThisProcess, reinterpret_cast<PVOID>(lpStartAddress), lpParameter,
      dwCreationFlags & CREATE_SUSPENDED ? nt::kThreadCreateSuspended : 0, dwStackSize, &thread_id);
  if (!NT_SUCCESS(status)) {
    Fail(status);
    return nullptr;
  }
  if (lpThreadId != nullptr) *lpThreadId = thread_id;
  return handle;
}

VOID ExitThread(DWORD dwExitCode) {
  Nt().NtTerminateThread(kThisThread, static_cast<NTSTATUS>(dwExitCode));
  __builtin_trap();  // a thread's own termination does not return
}

BOOL GetExitCodeThread(HANDLE hThread, LPDWORD lpExitCode) {
  ThreadBasicInformation information{};
  const NTSTATUS status = Query(hThread, &information);
  if (!NT_SUCCESS(status)) return Fail(status);
  *lpExitCode = static_cast<DWORD>(information.exit_status);
  return TRUE;
}

DWORD ResumeThread(HANDLE hThread) {
  ULONG previous_count = 0;
  const NTSTATUS status = Nt().NtResumeThread(hThread, &previous_count);
  if (NT_SUCCESS(status)) return previous_count;
  Fail(status);
  return static_cast<DWORD>(-1);
}

// Priorities have no effect: Linux schedules the application's threads. The handle is checked all the same.
BOOL SetThreadPriority(HANDLE hThread, int) {
  ThreadBasicInformation information{};
  const NTSTATUS status = Query(hThread, &information);
  return NT_SUCCESS(status) ? TRUE : Fail(status);
}

int GetThreadPriority(HANDLE hThread) {
  ThreadBasicInformation information{};
  const NTSTATUS status = Query(hThread, &information);
  if (NT_SUCCESS(status)) return THREAD_PRIORITY_NORMAL;
  Fail(status);
  return THREAD_PRIORITY_ERROR_RETURN;
}

HANDLE GetCurrentThread() { return kThisThread; }

DWORD GetThreadId(HANDLE Thread) {
  ThreadBasicInformation information{};
  const NTSTATUS status = Query(Thread, &information);
  if (NT_SUCCESS(status)) return static_cast<DWORD>(reinterpret_cast<ULONG_PTR>(information.client_id.UniqueThread));
  Fail(status);
  return 0;
}

DWORD GetCurrentThreadId() {
  static thread_local DWORD id = 0;
  if (id == 0) id = GetThreadId(kThisThread);
  return id;
}

HANDLE GetCurrentProcess() { return kThisProcess; }

DWORD GetCurrentProcessId() {
  ProcessBasicInformation information{};
  const NTSTATUS status = Query(kThisProcess, &information);
  return NT_SUCCESS(status) ? static_cast<DWORD>(information.process_id) : 0;
}

HANDLE OpenProcess(DWORD dwDesiredAccess, BOOL bInheritHandle, DWORD dwProcessId) {
  Attributes attributes(u"", bInheritHandle ? OBJ_INHERIT : 0);
  CLIENT_ID client_id{ULongToHandle(dwProcessId), nullptr};
  HANDLE handle = nullptr;
  const NTSTATUS status = Nt().NtOpenProcess(&handle, dwDesiredAccess, attributes.get(), &client_id);
  if (NT_SUCCESS(status)) return handle;
  Fail(status);
  return nullptr;
}

BOOL GetExitCodeProcess(HANDLE hProcess, LPDWORD lpExitCode) {
  ProcessBasicInformation information{};
  const NTSTATUS status = Query(hProcess, &information);
  if (!NT_SUCCESS(status)) return Fail(status);
  *lpExitCode = static_cast<DWORD>(information.exit_status);
  return TRUE;
}

DWORD QueueUserAPC(PAPCFUNC pfnAPC, HANDLE hThread, ULONG_PTR dwData) {
  const NTSTATUS status =
      Nt().NtQueueApcThread(hThread, reinterpret_cast<PVOID>(RunUserApc), reinterpret_cast<PVOID>(pfnAPC),
                            reinterpret_cast<PVOID>(dwData), nullptr);
  if (NT_SUCCESS(status)) return 1;
  Fail(status);
  return 0;
}

BOOL IsWow64Process(HANDLE, PBOOL Wow64Process) {
  *Wow64Process = FALSE;
  return TRUE;
}

DWORD TlsAlloc() {
  for (DWORD index = 0; index < kTlsSlots; ++index) {
    bool used = false;
    if (g_tls_used[index].compare_exchange_strong(used, true)) {
      t_tls_values[index] = nullptr;
      return index;
    }
  }
  FailWith(ERROR_NO_SYSTEM_RESOURCES);
  return TLS_OUT_OF_INDEXES;
}

BOOL TlsFree(DWORD dwTlsIndex) {
  bool used = true;
  if (dwTlsIndex >= kTlsSlots || !g_tls_used[dwTlsIndex].compare_exchange_strong(used, false)) {
    return FailWith(ERROR_INVALID_PARAMETER);
  }
  return TRUE;
}

// Success sets the last error as well, so that a null value can be told from a failure.
LPVOID TlsGetValue(DWORD dwTlsIndex) {
  if (dwTlsIndex >= kTlsSlots) {
    FailWith(ERROR_INVALID_PARAMETER);
    return nullptr;
  }
  SetLastError(ERROR_SUCCESS);
  return t_tls_values[dwTlsIndex];
}

BOOL TlsSetValue(DWORD dwTlsIndex, LPVOID lpTlsValue) {
  if (dwTlsIndex >= kTlsSlots) return FailWith(ERROR_INVALID_PARAMETER);
  t_tls_values[dwTlsIndex] = lpTlsValue;
  return TRUE;
}

}  // extern "C"

}  // namespace ring3::win32
