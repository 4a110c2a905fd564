// SPDX-License-Identifier: MIT
#include "win32/win32.h"

#include <cstdio>
#include <cstdlib>
#include <thread>

namespace ring3::win32 {
namespace {

VOID Fill(LPSYSTEM_INFO out) {
  const unsigned processors = std::thread::hardware_concurrency();
  *out = {};
  out->wProcessorArchitecture = PROCESSOR_ARCHITECTURE_AMD64;
  out->dwPageSize = 4096;
  out->lpMinimumApplicationAddress = reinterpret_cast<LPVOID>(0x10000);
  out->lpMaximumApplicationAddress = reinterpret_cast<LPVOID>(0x7FFFFFFFEFFF);
  out->dwNumberOfProcessors = processors == 0 ? 1 : processors;
  out->dwActiveProcessorMask =
      out->dwNumberOfProcessors >= 64 ? ~DWORD_PTR{0} : (DWORD_PTR{1} << out->dwNumberOfProcessors) - 1;
  out->dwProcessorType = 8664;
  out->dwAllocationGranularity = 65536;
}

}  // namespace

extern "C" {

VOID GetSystemInfo(LPSYSTEM_INFO lpSystemInfo) {
  Fill(lpSystemInfo);
}
VOID GetNativeSystemInfo(LPSYSTEM_INFO lpSystemInfo) {
  Fill(lpSystemInfo);
}

VOID ExitProcess(UINT uExitCode) {
  std::exit(static_cast<int>(uExitCode));
}

// Only the calling process can be ended; that of another application is refused.
BOOL TerminateProcess(HANDLE hProcess, UINT uExitCode) {
  const DWORD process_id = GetProcessId(hProcess);
  if (process_id == 0) return FALSE;
  if (process_id != GetCurrentProcessId()) return FailWith(ERROR_ACCESS_DENIED);
  std::exit(static_cast<int>(uExitCode));
}

VOID OutputDebugStringA(LPCSTR lpOutputString) {
  if (lpOutputString != nullptr) std::fputs(lpOutputString, stderr);
}
VOID OutputDebugStringW(LPCWSTR lpOutputString) {
  OutputDebugStringA(Narrow(FromWide(lpOutputString)).c_str());
}

BOOL IsDebuggerPresent() {
  return FALSE;
}
VOID DebugBreak() {
  __builtin_debugtrap();
}

}  // extern "C"

}  // namespace ring3::win32
