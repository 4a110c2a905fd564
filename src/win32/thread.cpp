// SPDX-License-Identifier: MIT
#include "win32/win32.h"

#include "nt/information.h"
#include "os/thread.h"

namespace ring3::win32 {
namespace {

const HANDLE kThisProcess = reinterpret_cast<HANDLE>(LONG_PTR{-1});
const HANDLE kThisThread = reinterpret_cast<HANDLE>(LONG_PTR{-2});
using nt::ProcessBasicInformation;
using nt::ThreadBasicInformation;

NTSTATUS Query(HANDLE thread, ThreadBasicInformation* information) {
  return Nt().NtQueryInformationThread(thread, nt::kThreadBasicInformation, information, sizeof(*information),
                                       nullptr);
}

NTSTATUS Query(HANDLE process, ProcessBasicInformation* information) {
  return Nt().NtQueryInformationProcess(process, nt::kProcessBasicInformation, information,
                                        sizeof(*information), nullptr);
}

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
      &handle, THREAD_ALL_ACCESS, attributes.get(), kThisProcess, reinterpret_cast<PVOID>(lpStartAddress),
      lpParameter, dwCreationFlags & CREATE_SUSPENDED ? nt::kThreadCreateSuspended : 0, dwStackSize,
      &thread_id);
  if (!NT_SUCCESS(status)) {
    Fail(status);
    return nullptr;
  }
  if (lpThreadId != nullptr) *lpThreadId = thread_id;
  return handle;
}

VOID ExitThread(DWORD dwExitCode) {
  Nt().NtTerminateThread(kThisThread, static_cast<NTSTATUS>(dwExitCode));
  // The executive is gone: there is nobody to end the thread for.
  os::ExitCurrentThread();
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

HANDLE GetCurrentThread() {
  return kThisThread;
}

DWORD GetThreadId(HANDLE Thread) {
  ThreadBasicInformation information{};
  const NTSTATUS status = Query(Thread, &information);
  if (NT_SUCCESS(status))
    return static_cast<DWORD>(reinterpret_cast<ULONG_PTR>(information.client_id.UniqueThread));
  Fail(status);
  return 0;
}

DWORD GetCurrentThreadId() {
  static thread_local DWORD id = 0;
  if (id == 0) id = GetThreadId(kThisThread);
  return id;
}

HANDLE GetCurrentProcess() {
  return kThisProcess;
}

DWORD GetProcessId(HANDLE Process) {
  ProcessBasicInformation information{};
  const NTSTATUS status = Query(Process, &information);
  return NT_SUCCESS(status) ? static_cast<DWORD>(information.process_id) : static_cast<DWORD>(Fail(status));
}

DWORD GetCurrentProcessId() {
  return GetProcessId(kThisProcess);
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

}  // extern "C"

}  // namespace ring3::win32
