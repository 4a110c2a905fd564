// SPDX-License-Identifier: MIT
#include <ddi/rtl_ntifs.h>

#include <cstring>

extern "C" {

// Bytes that are equal from the start. Any IRQL. nf-wdm-rtlcomparememory
SIZE_T NTAPI RtlCompareMemory(const VOID* Source1, const VOID* Source2, SIZE_T Length) {
  const auto* a = static_cast<const UCHAR*>(Source1);
  const auto* b = static_cast<const UCHAR*>(Source2);
  SIZE_T i = 0;
  while (i < Length && a[i] == b[i]) ++i;
  return i;
}

// Bytes that hold the pattern from the start; a rest that is no whole ULONG is not looked at.
// nf-ntifs-rtlcomparememoryulong
SIZE_T NTAPI RtlCompareMemoryUlong(PVOID Source, SIZE_T Length, ULONG Pattern) {
  const auto* s = static_cast<const ULONG*>(Source);
  SIZE_T i = 0;
  while (i < Length / sizeof(ULONG) && s[i] == Pattern) ++i;
  return i * sizeof(ULONG);
}

// Takes the same time wherever the difference is. nf-wdm-rtlconstanttimeequalmemory
LOGICAL NTAPI RtlConstantTimeEqualMemory(const void* v1, const void* v2, ULONG len) {
  const auto* a = static_cast<const volatile UCHAR*>(v1);
  const auto* b = static_cast<const volatile UCHAR*>(v2);
  UCHAR difference = 0;
  for (ULONG i = 0; i < len; ++i) difference |= static_cast<UCHAR>(a[i] ^ b[i]);
  return difference == 0;
}

// nf-wdm-rtlcopymemorynontemporal
VOID NTAPI RtlCopyMemoryNonTemporal(VOID* Destination, CONST VOID* Source, SIZE_T Length) {
  memcpy(Destination, Source, Length);
}
// nf-wdm-rtlfillmemorynontemporal
VOID NTAPI RtlFillMemoryNonTemporal(VOID* Destination, SIZE_T Length, CONST UCHAR Value) {
  memset(Destination, Value, Length);
}
// nf-ntifs-rtlfillmemoryulong
VOID NTAPI RtlFillMemoryUlong(PVOID Destination, SIZE_T Length, ULONG Pattern) {
  auto* d = static_cast<ULONG*>(Destination);
  for (SIZE_T i = 0; i < Length / sizeof(ULONG); ++i) d[i] = Pattern;
}
// nf-ntifs-rtlfillmemoryulonglong
VOID NTAPI RtlFillMemoryUlonglong(PVOID Destination, SIZE_T Length, ULONGLONG Pattern) {
  auto* d = static_cast<ULONGLONG*>(Destination);
  for (SIZE_T i = 0; i < Length / sizeof(ULONGLONG); ++i) d[i] = Pattern;
}
// nf-ntddk-rtliszeromemory
BOOLEAN NTAPI RtlIsZeroMemory(PVOID Buffer, SIZE_T Length) {
  const auto* b = static_cast<const UCHAR*>(Buffer);
  for (SIZE_T i = 0; i < Length; ++i) {
    if (b[i]) return FALSE;
  }
  return TRUE;
}

// Macros in wdm.h; here for MmGetSystemRoutineAddress and for what was compiled against the functions.
VOID NTAPI RtlCopyMemory(VOID* Destination, CONST VOID* Source, SIZE_T Length) {
  memmove(Destination, Source, Length);
}
VOID NTAPI RtlMoveMemory(VOID* Destination, CONST VOID* Source, SIZE_T Length) {
  memmove(Destination, Source, Length);
}
VOID NTAPI RtlFillMemory(VOID* Destination, SIZE_T Length, INT Fill) {
  memset(Destination, Fill, Length);
}
VOID NTAPI RtlZeroMemory(VOID* Destination, SIZE_T Length) {
  memset(Destination, 0, Length);
}

}  // extern "C"
