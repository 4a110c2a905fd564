// SPDX-License-Identifier: MIT
#include <ddi/rtl_ntifs.h>
#include <ntstatus.h>

#include <algorithm>
#include <cstring>

#include "rtl/case_map.h"
#include "rtl/string_memory.h"

namespace rtl = ring3::rtl;

namespace {

constexpr size_t kMaximumBytes = 65535;

LONG Compare(const CHAR* a, size_t a_count, const CHAR* b, size_t b_count, bool ignore_case) {
  size_t common = std::min(a_count, b_count);
  for (size_t i = 0; i < common; ++i) {
    LONG x = static_cast<UCHAR>(ignore_case ? rtl::UpcaseAscii(a[i]) : a[i]);
    LONG y = static_cast<UCHAR>(ignore_case ? rtl::UpcaseAscii(b[i]) : b[i]);
    if (x != y) return x - y;
  }
  return static_cast<LONG>(a_count) - static_cast<LONG>(b_count);
}

}  // namespace

extern "C" {

// Counts a null-terminated string; null gives an empty one. IRQL up to DISPATCH_LEVEL. nf-wdm-rtlinitstring
VOID NTAPI RtlInitString(PSTRING DestinationString, PCSZ SourceString) {
  size_t bytes = SourceString ? std::min(strlen(SourceString), kMaximumBytes - 1) : 0;
  DestinationString->Length = static_cast<USHORT>(bytes);
  DestinationString->MaximumLength = static_cast<USHORT>(SourceString ? bytes + 1 : 0);
  DestinationString->Buffer = const_cast<PCHAR>(SourceString);
}

// STATUS_NAME_TOO_LONG for more than 65534 characters. nf-wdm-rtlinitstringex
NTSTATUS NTAPI RtlInitStringEx(PSTRING DestinationString, PCSZ SourceString) {
  if (SourceString && strlen(SourceString) > kMaximumBytes - 1) return STATUS_NAME_TOO_LONG;
  RtlInitString(DestinationString, SourceString);
  return STATUS_SUCCESS;
}

// nf-wdm-rtlinitansistring
VOID NTAPI RtlInitAnsiString(PANSI_STRING DestinationString, PCSZ SourceString) {
  RtlInitString(DestinationString, SourceString);
}
NTSTATUS NTAPI RtlInitAnsiStringEx(PANSI_STRING DestinationString, PCSZ SourceString) {
  return RtlInitStringEx(DestinationString, SourceString);
}
// nf-wdm-rtlinitutf8string
VOID NTAPI RtlInitUTF8String(PUTF8_STRING DestinationString, PCSZ SourceString) {
  RtlInitString(DestinationString, SourceString);
}
// nf-wdm-rtlinitutf8stringex
NTSTATUS NTAPI RtlInitUTF8StringEx(PUTF8_STRING DestinationString, PCSZ SourceString) {
  return RtlInitStringEx(DestinationString, SourceString);
}

// Copies as many bytes as fit; a null source empties the destination. nf-ntddk-rtlcopystring
VOID NTAPI RtlCopyString(PSTRING DestinationString, const STRING* SourceString) {
  DestinationString->Length =
      SourceString ? std::min(SourceString->Length, DestinationString->MaximumLength) : 0;
  if (SourceString) memmove(DestinationString->Buffer, SourceString->Buffer, DestinationString->Length);
}

// STATUS_BUFFER_TOO_SMALL leaves the destination alone. nf-ntifs-rtlappendstringtostring
NTSTATUS NTAPI RtlAppendStringToString(PSTRING Destination, const STRING* Source) {
  size_t length = size_t{Destination->Length} + Source->Length;
  if (length > Destination->MaximumLength) return STATUS_BUFFER_TOO_SMALL;
  memmove(Destination->Buffer + Destination->Length, Source->Buffer, Source->Length);
  Destination->Length = static_cast<USHORT>(length);
  return STATUS_SUCCESS;
}

NTSTATUS NTAPI RtlAppendAsciizToString(PSTRING Destination, PCSZ Source) {
  if (!Source) return STATUS_SUCCESS;
  STRING source;
  if (!NT_SUCCESS(RtlInitStringEx(&source, Source))) return STATUS_BUFFER_TOO_SMALL;
  return RtlAppendStringToString(Destination, &source);
}

// nf-ntddk-rtlcomparestring
LONG NTAPI RtlCompareString(const STRING* String1, const STRING* String2, BOOLEAN CaseInSensitive) {
  return Compare(String1->Buffer, String1->Length, String2->Buffer, String2->Length, CaseInSensitive);
}
// nf-ntddk-rtlequalstring
BOOLEAN NTAPI RtlEqualString(const STRING* String1, const STRING* String2, BOOLEAN CaseInSensitive) {
  return String1->Length == String2->Length && RtlCompareString(String1, String2, CaseInSensitive) == 0;
}
BOOLEAN NTAPI RtlPrefixString(const STRING* String1, const STRING* String2, BOOLEAN CaseInSensitive) {
  if (String1->Length > String2->Length) return FALSE;
  return Compare(String1->Buffer, String1->Length, String2->Buffer, String1->Length, CaseInSensitive) == 0;
}
// nf-ntddk-rtlupperchar
CHAR NTAPI RtlUpperChar(CHAR Character) {
  return rtl::UpcaseAscii(Character);
}
// Copies upper-cased, as many bytes as fit. nf-ntddk-rtlupperstring
VOID NTAPI RtlUpperString(PSTRING DestinationString, const STRING* SourceString) {
  DestinationString->Length = std::min(SourceString->Length, DestinationString->MaximumLength);
  for (size_t i = 0; i < DestinationString->Length; ++i) {
    DestinationString->Buffer[i] = rtl::UpcaseAscii(SourceString->Buffer[i]);
  }
}

// nf-wdm-rtlfreeansistring
VOID NTAPI RtlFreeAnsiString(PANSI_STRING AnsiString) {
  if (AnsiString->Buffer) rtl::FreeString(AnsiString->Buffer);
  *AnsiString = {};
}
// nf-wdm-rtlfreeutf8string
VOID NTAPI RtlFreeUTF8String(PUTF8_STRING utf8String) {
  RtlFreeAnsiString(utf8String);
}
// nf-ntifs-rtlfreeoemstring
VOID NTAPI RtlFreeOemString(POEM_STRING OemString) {
  RtlFreeAnsiString(OemString);
}

}  // extern "C"
