// SPDX-License-Identifier: MIT
#include "win32/win32.h"

#include <optional>

namespace ring3::win32 {
namespace {

enum EventKind : ULONG { kNotificationEvent = 0, kSynchronizationEvent = 1 };

// The name of an object as the caller gave it, narrow or wide; absent for null.
using Name = std::optional<std::u16string>;
Name NameOf(LPCSTR name) {
  return name == nullptr ? Name() : Name(Widen(name));
}
Name NameOf(LPCWSTR name) {
  return name == nullptr ? Name() : Name(FromWide(name));
}

// Creates, or opens where the name exists (ERROR_ALREADY_EXISTS is then the last error of a call that
// succeeds).
template <typename Create>
HANDLE CreateNamed(const Name& name, const SECURITY_ATTRIBUTES* security, Create create) {
  DWORD error = ERROR_SUCCESS;
  const std::u16string path = NamedObjectPath(name.value_or(u""), &error);
  if (error != ERROR_SUCCESS) {
    FailWith(error);
    return nullptr;
  }
  Attributes attributes(path, OBJ_OPENIF | OBJ_CASE_INSENSITIVE, security);
  HANDLE handle = nullptr;
  const NTSTATUS status = create(&handle, attributes.get());
  if (!NT_SUCCESS(status)) {
    // A name that belongs to an object of another type.
    FailWith(status == STATUS_OBJECT_TYPE_MISMATCH ? ERROR_INVALID_HANDLE : ErrorOf(status));
    return nullptr;
  }
  SetLastError(status == STATUS_OBJECT_NAME_EXISTS ? ERROR_ALREADY_EXISTS : ERROR_SUCCESS);
  return handle;
}

template <typename Open>
HANDLE OpenNamed(const Name& name, BOOL inherit, Open open) {
  DWORD error = ERROR_SUCCESS;
  const std::u16string path = NamedObjectPath(name.value_or(u""), &error);
  if (path.empty() || error != ERROR_SUCCESS) {
    FailWith(error != ERROR_SUCCESS ? error : ERROR_INVALID_PARAMETER);
    return nullptr;
  }
  Attributes attributes(path, OBJ_CASE_INSENSITIVE | (inherit ? OBJ_INHERIT : 0));
  HANDLE handle = nullptr;
  const NTSTATUS status = open(&handle, attributes.get());
  if (NT_SUCCESS(status)) return handle;
  Fail(status);
  return nullptr;
}

HANDLE CreateEventOf(const Name& name, const SECURITY_ATTRIBUTES* security, ACCESS_MASK access,
                     EventKind kind, bool initially_set) {
  return CreateNamed(name, security, [&](PHANDLE handle, POBJECT_ATTRIBUTES attributes) {
    return Nt().NtCreateEvent(handle, access, attributes, kind, initially_set);
  });
}

EventKind KindOf(bool manual_reset) {
  return manual_reset ? kNotificationEvent : kSynchronizationEvent;
}

HANDLE CreateMutexOf(const Name& name, const SECURITY_ATTRIBUTES* security, bool initially_owned) {
  return CreateNamed(name, security, [&](PHANDLE handle, POBJECT_ATTRIBUTES attributes) {
    return Nt().NtCreateMutant(handle, MUTEX_ALL_ACCESS, attributes, initially_owned);
  });
}

HANDLE CreateSemaphoreOf(const Name& name, const SECURITY_ATTRIBUTES* security, LONG initial, LONG maximum) {
  return CreateNamed(name, security, [&](PHANDLE handle, POBJECT_ATTRIBUTES attributes) {
    return Nt().NtCreateSemaphore(handle, SEMAPHORE_ALL_ACCESS, attributes, initial, maximum);
  });
}

HANDLE CreateTimerOf(const Name& name, const SECURITY_ATTRIBUTES* security, bool manual_reset) {
  return CreateNamed(name, security, [&](PHANDLE handle, POBJECT_ATTRIBUTES attributes) {
    return Nt().NtCreateTimer(handle, TIMER_ALL_ACCESS, attributes, manual_reset ? 0 : 1);
  });
}

HANDLE OpenEventOf(const Name& name, DWORD access, BOOL inherit) {
  return OpenNamed(name, inherit, [&](PHANDLE handle, POBJECT_ATTRIBUTES attributes) {
    return Nt().NtOpenEvent(handle, access, attributes);
  });
}

HANDLE OpenMutexOf(const Name& name, DWORD access, BOOL inherit) {
  return OpenNamed(name, inherit, [&](PHANDLE handle, POBJECT_ATTRIBUTES attributes) {
    return Nt().NtOpenMutant(handle, access, attributes);
  });
}

HANDLE OpenSemaphoreOf(const Name& name, DWORD access, BOOL inherit) {
  return OpenNamed(name, inherit, [&](PHANDLE handle, POBJECT_ATTRIBUTES attributes) {
    return Nt().NtOpenSemaphore(handle, access, attributes);
  });
}

BOOL Succeed(NTSTATUS status) {
  return NT_SUCCESS(status) ? TRUE : Fail(status);
}

}  // namespace

extern "C" {

HANDLE CreateEventA(LPSECURITY_ATTRIBUTES security, BOOL bManualReset, BOOL bInitialState, LPCSTR lpName) {
  return CreateEventOf(NameOf(lpName), security, EVENT_ALL_ACCESS, KindOf(bManualReset), bInitialState);
}
HANDLE CreateEventW(LPSECURITY_ATTRIBUTES security, BOOL bManualReset, BOOL bInitialState, LPCWSTR lpName) {
  return CreateEventOf(NameOf(lpName), security, EVENT_ALL_ACCESS, KindOf(bManualReset), bInitialState);
}
HANDLE CreateEventExA(LPSECURITY_ATTRIBUTES security, LPCSTR lpName, DWORD dwFlags, DWORD dwDesiredAccess) {
  return CreateEventOf(NameOf(lpName), security, dwDesiredAccess, KindOf(dwFlags & CREATE_EVENT_MANUAL_RESET),
                       dwFlags & CREATE_EVENT_INITIAL_SET);
}
HANDLE CreateEventExW(LPSECURITY_ATTRIBUTES security, LPCWSTR lpName, DWORD dwFlags, DWORD dwDesiredAccess) {
  return CreateEventOf(NameOf(lpName), security, dwDesiredAccess, KindOf(dwFlags & CREATE_EVENT_MANUAL_RESET),
                       dwFlags & CREATE_EVENT_INITIAL_SET);
}
HANDLE OpenEventA(DWORD access, BOOL inherit, LPCSTR lpName) {
  return OpenEventOf(NameOf(lpName), access, inherit);
}
HANDLE OpenEventW(DWORD access, BOOL inherit, LPCWSTR lpName) {
  return OpenEventOf(NameOf(lpName), access, inherit);
}
BOOL SetEvent(HANDLE hEvent) {
  return Succeed(Nt().NtSetEvent(hEvent, nullptr));
}
BOOL ResetEvent(HANDLE hEvent) {
  return Succeed(Nt().NtResetEvent(hEvent, nullptr));
}
BOOL PulseEvent(HANDLE hEvent) {
  return Succeed(Nt().NtPulseEvent(hEvent, nullptr));
}

HANDLE CreateMutexA(LPSECURITY_ATTRIBUTES security, BOOL bInitialOwner, LPCSTR lpName) {
  return CreateMutexOf(NameOf(lpName), security, bInitialOwner);
}
HANDLE CreateMutexW(LPSECURITY_ATTRIBUTES security, BOOL bInitialOwner, LPCWSTR lpName) {
  return CreateMutexOf(NameOf(lpName), security, bInitialOwner);
}
HANDLE OpenMutexA(DWORD access, BOOL inherit, LPCSTR lpName) {
  return OpenMutexOf(NameOf(lpName), access, inherit);
}
HANDLE OpenMutexW(DWORD access, BOOL inherit, LPCWSTR lpName) {
  return OpenMutexOf(NameOf(lpName), access, inherit);
}
BOOL ReleaseMutex(HANDLE hMutex) {
  return Succeed(Nt().NtReleaseMutant(hMutex, nullptr));
}

HANDLE CreateSemaphoreA(LPSECURITY_ATTRIBUTES security, LONG lInitialCount, LONG lMaximumCount,
                        LPCSTR lpName) {
  return CreateSemaphoreOf(NameOf(lpName), security, lInitialCount, lMaximumCount);
}
HANDLE CreateSemaphoreW(LPSECURITY_ATTRIBUTES security, LONG lInitialCount, LONG lMaximumCount,
                        LPCWSTR lpName) {
  return CreateSemaphoreOf(NameOf(lpName), security, lInitialCount, lMaximumCount);
}
HANDLE OpenSemaphoreA(DWORD access, BOOL inherit, LPCSTR lpName) {
  return OpenSemaphoreOf(NameOf(lpName), access, inherit);
}
HANDLE OpenSemaphoreW(DWORD access, BOOL inherit, LPCWSTR lpName) {
  return OpenSemaphoreOf(NameOf(lpName), access, inherit);
}
BOOL ReleaseSemaphore(HANDLE hSemaphore, LONG lReleaseCount, LPLONG lpPreviousCount) {
  const NTSTATUS status = Nt().NtReleaseSemaphore(hSemaphore, lReleaseCount, lpPreviousCount);
  return status == STATUS_SEMAPHORE_LIMIT_EXCEEDED ? FailWith(ERROR_TOO_MANY_POSTS) : Succeed(status);
}

HANDLE CreateWaitableTimerA(LPSECURITY_ATTRIBUTES security, BOOL bManualReset, LPCSTR lpTimerName) {
  return CreateTimerOf(NameOf(lpTimerName), security, bManualReset);
}
HANDLE CreateWaitableTimerW(LPSECURITY_ATTRIBUTES security, BOOL bManualReset, LPCWSTR lpTimerName) {
  return CreateTimerOf(NameOf(lpTimerName), security, bManualReset);
}
// A completion routine is not supported: ERROR_NOT_SUPPORTED.
BOOL SetWaitableTimer(HANDLE hTimer, const LARGE_INTEGER* lpDueTime, LONG lPeriod,
                      PTIMERAPCROUTINE pfnCompletionRoutine, LPVOID lpArgToCompletionRoutine, BOOL fResume) {
  LARGE_INTEGER due_time = *lpDueTime;
  return Succeed(Nt().NtSetTimer(hTimer, &due_time, reinterpret_cast<PVOID>(pfnCompletionRoutine),
                                 lpArgToCompletionRoutine, static_cast<BOOLEAN>(fResume), lPeriod, nullptr));
}
BOOL CancelWaitableTimer(HANDLE hTimer) {
  return Succeed(Nt().NtCancelTimer(hTimer, nullptr));
}

}  // extern "C"

}  // namespace ring3::win32
