// SPDX-License-Identifier: MIT
#include "win32/page_lock.h"
#include "win32/win32.h"

#include "nt/information.h"

namespace ring3::win32 {
namespace {

const HANDLE kThisProcess = reinterpret_cast<HANDLE>(LONG_PTR{-1});

}  // namespace

extern "C" {

// https://learn.microsoft.com/windows/win32/api/memoryapi/nf-memoryapi-virtualalloc
LPVOID VirtualAlloc(LPVOID lpAddress, SIZE_T dwSize, DWORD flAllocationType, DWORD flProtect) {
  PVOID base = lpAddress;
  SIZE_T byte_count = dwSize;
  const NTSTATUS status =
      Nt().NtAllocateVirtualMemory(kThisProcess, &base, 0, &byte_count, flAllocationType, flProtect);
  if (NT_SUCCESS(status)) return base;
  Fail(status);
  return nullptr;
}

BOOL VirtualFree(LPVOID lpAddress, SIZE_T dwSize, DWORD dwFreeType) {
  // MEM_RELEASE takes the whole allocation.
  if ((dwFreeType & MEM_RELEASE) != 0 && dwSize != 0) return FailWith(ERROR_INVALID_PARAMETER);
  PVOID base = lpAddress;
  SIZE_T byte_count = dwSize;
  const NTSTATUS status = Nt().NtFreeVirtualMemory(kThisProcess, &base, &byte_count, dwFreeType);
  if (!NT_SUCCESS(status)) return Fail(status);
  ForgetLockedPages(base, byte_count);
  return TRUE;
}

BOOL VirtualProtect(LPVOID lpAddress, SIZE_T dwSize, DWORD flNewProtect, PDWORD lpflOldProtect) {
  if (lpflOldProtect == nullptr) return FailWith(ERROR_NOACCESS);
  PVOID base = lpAddress;
  SIZE_T byte_count = dwSize;
  const NTSTATUS status =
      Nt().NtProtectVirtualMemory(kThisProcess, &base, &byte_count, flNewProtect, lpflOldProtect);
  return NT_SUCCESS(status) ? TRUE : Fail(status);
}

SIZE_T VirtualQuery(LPCVOID lpAddress, PMEMORY_BASIC_INFORMATION lpBuffer, SIZE_T dwLength) {
  SIZE_T returned = 0;
  const NTSTATUS status = Nt().NtQueryVirtualMemory(
      kThisProcess, const_cast<PVOID>(lpAddress), nt::kMemoryBasicInformation, lpBuffer, dwLength, &returned);
  if (NT_SUCCESS(status)) return returned;
  Fail(status);
  return 0;
}

}  // extern "C"

}  // namespace ring3::win32
