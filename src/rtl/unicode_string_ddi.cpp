// SPDX-License-Identifier: MIT
#include <ddi/rtl.h>
#include <ntstatus.h>

#include <algorithm>
#include <cstring>

#include "rtl/case_map.h"
#include "rtl/string_memory.h"

namespace rtl = ring3::rtl;

namespace {

constexpr size_t kMaximumBytes = 65534;

size_t Length(PCWSTR s) {
  size_t n = 0;
  while (s[n]) ++n;
  return n;
}

LONG Compare(PCWCH a, size_t a_count, PCWCH b, size_t b_count, bool ignore_case) {
  size_t common = std::min(a_count, b_count);
  for (size_t i = 0; i < common; ++i) {
    if (a[i] == b[i]) continue;
    LONG x = static_cast<USHORT>(ignore_case ? rtl::Upcase(a[i]) : a[i]);
    LONG y = static_cast<USHORT>(ignore_case ? rtl::Upcase(b[i]) : b[i]);
    if (x != y) return x - y;
  }
  return static_cast<LONG>(a_count) - static_cast<LONG>(b_count);
}

NTSTATUS MapCase(PUNICODE_STRING destination, PCUNICODE_STRING source, BOOLEAN allocate,
                 wchar_t (*map)(wchar_t)) {
  if (allocate) {
    destination->MaximumLength = source->Length;
    destination->Buffer =
        static_cast<PWCH>(rtl::AllocateString(std::max<size_t>(source->Length, sizeof(WCHAR))));
    if (!destination->Buffer) return STATUS_NO_MEMORY;
  } else if (destination->MaximumLength < source->Length) {
    return STATUS_BUFFER_OVERFLOW;
  }
  for (size_t i = 0; i < source->Length / sizeof(WCHAR); ++i) destination->Buffer[i] = map(source->Buffer[i]);
  destination->Length = source->Length;
  return STATUS_SUCCESS;
}

}  // namespace

extern "C" {

// Counts a null-terminated string; null gives an empty one. Longer than 65532 bytes: truncated to that. Any
// IRQL up to DISPATCH_LEVEL. nf-wdm-rtlinitunicodestring
VOID NTAPI RtlInitUnicodeString(PUNICODE_STRING DestinationString, PCWSTR SourceString) {
  size_t bytes =
      SourceString ? std::min(Length(SourceString) * sizeof(WCHAR), kMaximumBytes - sizeof(WCHAR)) : 0;
  DestinationString->Length = static_cast<USHORT>(bytes);
  DestinationString->MaximumLength = static_cast<USHORT>(SourceString ? bytes + sizeof(WCHAR) : 0);
  DestinationString->Buffer = const_cast<PWSTR>(SourceString);
}

// As RtlInitUnicodeString, but a string too long to be counted is STATUS_NAME_TOO_LONG.
NTSTATUS NTAPI RtlInitUnicodeStringEx(PUNICODE_STRING DestinationString, PCWSTR SourceString) {
  if (SourceString && Length(SourceString) * sizeof(WCHAR) > kMaximumBytes - sizeof(WCHAR))
    return STATUS_NAME_TOO_LONG;
  RtlInitUnicodeString(DestinationString, SourceString);
  return STATUS_SUCCESS;
}

// Copies as many bytes as fit; a null source empties the destination. nf-wdm-rtlcopyunicodestring
VOID NTAPI RtlCopyUnicodeString(PUNICODE_STRING DestinationString, PCUNICODE_STRING SourceString) {
  if (!SourceString) {
    DestinationString->Length = 0;
    return;
  }
  USHORT bytes = std::min(SourceString->Length, DestinationString->MaximumLength);
  bytes &= ~USHORT{1};
  memmove(DestinationString->Buffer, SourceString->Buffer, bytes);
  DestinationString->Length = bytes;
  if (bytes + sizeof(WCHAR) <= DestinationString->MaximumLength)
    DestinationString->Buffer[bytes / sizeof(WCHAR)] = 0;
}

// STATUS_BUFFER_TOO_SMALL leaves the destination alone. nf-wdm-rtlappendunicodestringtostring
NTSTATUS NTAPI RtlAppendUnicodeStringToString(PUNICODE_STRING Destination, PCUNICODE_STRING Source) {
  size_t length = size_t{Destination->Length} + Source->Length;
  if (length > Destination->MaximumLength) return STATUS_BUFFER_TOO_SMALL;
  memmove(reinterpret_cast<char*>(Destination->Buffer) + Destination->Length, Source->Buffer, Source->Length);
  Destination->Length = static_cast<USHORT>(length);
  if (length + sizeof(WCHAR) <= Destination->MaximumLength) Destination->Buffer[length / sizeof(WCHAR)] = 0;
  return STATUS_SUCCESS;
}

// A null source appends nothing. STATUS_BUFFER_TOO_SMALL. nf-wdm-rtlappendunicodetostring
NTSTATUS NTAPI RtlAppendUnicodeToString(PUNICODE_STRING Destination, PCWSTR Source) {
  if (!Source) return STATUS_SUCCESS;
  UNICODE_STRING source;
  if (!NT_SUCCESS(RtlInitUnicodeStringEx(&source, Source))) return STATUS_BUFFER_TOO_SMALL;
  return RtlAppendUnicodeStringToString(Destination, &source);
}

// Negative, zero or positive, by the numbers of the units, upper-cased when case does not matter. The lengths
// count characters. nf-wdm-rtlcompareunicodestring
LONG NTAPI RtlCompareUnicodeStrings(PCWCH String1, SIZE_T String1Length, PCWCH String2, SIZE_T String2Length,
                                    BOOLEAN CaseInSensitive) {
  return Compare(String1, String1Length, String2, String2Length, CaseInSensitive);
}

// nf-wdm-rtlcompareunicodestring
LONG NTAPI RtlCompareUnicodeString(PCUNICODE_STRING String1, PCUNICODE_STRING String2,
                                   BOOLEAN CaseInSensitive) {
  return Compare(String1->Buffer, String1->Length / sizeof(WCHAR), String2->Buffer,
                 String2->Length / sizeof(WCHAR), CaseInSensitive);
}

// nf-wdm-rtlequalunicodestring
BOOLEAN NTAPI RtlEqualUnicodeString(PCUNICODE_STRING String1, PCUNICODE_STRING String2,
                                    BOOLEAN CaseInSensitive) {
  return String1->Length == String2->Length &&
         RtlCompareUnicodeString(String1, String2, CaseInSensitive) == 0;
}

// TRUE when String1 begins String2. nf-ntddk-rtlprefixunicodestring
BOOLEAN NTAPI RtlPrefixUnicodeString(PCUNICODE_STRING String1, PCUNICODE_STRING String2,
                                     BOOLEAN CaseInSensitive) {
  if (String1->Length > String2->Length) return FALSE;
  size_t count = String1->Length / sizeof(WCHAR);
  return Compare(String1->Buffer, count, String2->Buffer, count, CaseInSensitive) == 0;
}

// TRUE when String1 ends String2.
BOOLEAN NTAPI RtlSuffixUnicodeString(PCUNICODE_STRING String1, PCUNICODE_STRING String2,
                                     BOOLEAN CaseInSensitive) {
  if (String1->Length > String2->Length) return FALSE;
  size_t count = String1->Length / sizeof(WCHAR);
  PCWCH tail = String2->Buffer + (String2->Length - String1->Length) / sizeof(WCHAR);
  return Compare(String1->Buffer, count, tail, count, CaseInSensitive) == 0;
}

// The x65599 hash of the units, upper-cased when case does not matter. STATUS_INVALID_PARAMETER for null
// pointers or another algorithm. nf-wdm-rtlhashunicodestring
NTSTATUS NTAPI RtlHashUnicodeString(PCUNICODE_STRING String, BOOLEAN CaseInSensitive, ULONG HashAlgorithm,
                                    PULONG HashValue) {
  if (!String || !HashValue) return STATUS_INVALID_PARAMETER;
  if (HashAlgorithm != HASH_STRING_ALGORITHM_DEFAULT && HashAlgorithm != HASH_STRING_ALGORITHM_X65599) {
    return STATUS_INVALID_PARAMETER;
  }
  ULONG hash = 0;
  for (size_t i = 0; i < String->Length / sizeof(WCHAR); ++i) {
    WCHAR c = String->Buffer[i];
    hash = hash * 65599 + static_cast<USHORT>(CaseInSensitive ? rtl::Upcase(c) : c);
  }
  *HashValue = hash;
  return STATUS_SUCCESS;
}

// nf-wdm-rtlupcaseunicodechar
WCHAR NTAPI RtlUpcaseUnicodeChar(WCHAR SourceCharacter) {
  return rtl::Upcase(SourceCharacter);
}
// nf-wdm-rtldowncaseunicodechar
WCHAR NTAPI RtlDowncaseUnicodeChar(WCHAR SourceCharacter) {
  return rtl::Downcase(SourceCharacter);
}

// Allocated destinations are freed with RtlFreeUnicodeString. STATUS_BUFFER_OVERFLOW when the caller's is too
// small, STATUS_NO_MEMORY. PASSIVE_LEVEL. nf-ntddk-rtlupcaseunicodestring
NTSTATUS NTAPI RtlUpcaseUnicodeString(PUNICODE_STRING DestinationString, PCUNICODE_STRING SourceString,
                                      BOOLEAN AllocateDestinationString) {
  return MapCase(DestinationString, SourceString, AllocateDestinationString, rtl::Upcase);
}
// As RtlUpcaseUnicodeString. nf-ntifs-rtldowncaseunicodestring
NTSTATUS NTAPI RtlDowncaseUnicodeString(PUNICODE_STRING DestinationString, PCUNICODE_STRING SourceString,
                                        BOOLEAN AllocateDestinationString) {
  return MapCase(DestinationString, SourceString, AllocateDestinationString, rtl::Downcase);
}

// A copy in paged pool, with a terminator. FALSE for want of memory or when too long.
// nf-ntifs-rtlcreateunicodestring
BOOLEAN NTAPI RtlCreateUnicodeString(PUNICODE_STRING DestinationString, PCWSTR SourceString) {
  UNICODE_STRING source;
  if (!NT_SUCCESS(RtlInitUnicodeStringEx(&source, SourceString))) return FALSE;
  return NT_SUCCESS(RtlDuplicateUnicodeString(
      RTL_DUPLICATE_UNICODE_STRING_NULL_TERMINATE | RTL_DUPLICATE_UNICODE_STRING_ALLOCATE_NULL_STRING,
      &source, DestinationString));
}

// No documentation page. Copies into paged pool, with a terminator and a buffer for empty strings where the
// flags ask for them. STATUS_INVALID_PARAMETER, STATUS_NAME_TOO_LONG, STATUS_NO_MEMORY.
NTSTATUS NTAPI RtlDuplicateUnicodeString(ULONG Flags, PCUNICODE_STRING SourceString,
                                         PUNICODE_STRING DestinationString) {
  constexpr ULONG kKnown =
      RTL_DUPLICATE_UNICODE_STRING_NULL_TERMINATE | RTL_DUPLICATE_UNICODE_STRING_ALLOCATE_NULL_STRING;
  if (!SourceString || !DestinationString || (Flags & ~kKnown)) return STATUS_INVALID_PARAMETER;
  size_t terminator = Flags & RTL_DUPLICATE_UNICODE_STRING_NULL_TERMINATE ? sizeof(WCHAR) : 0;
  size_t bytes = SourceString->Length + terminator;
  if (bytes > kMaximumBytes) return STATUS_NAME_TOO_LONG;
  *DestinationString = {};
  if (!SourceString->Length && !(Flags & RTL_DUPLICATE_UNICODE_STRING_ALLOCATE_NULL_STRING))
    return STATUS_SUCCESS;
  auto* buffer = static_cast<PWCH>(rtl::AllocateString(std::max(bytes, sizeof(WCHAR))));
  if (!buffer) return STATUS_NO_MEMORY;
  memcpy(buffer, SourceString->Buffer, SourceString->Length);
  if (terminator) buffer[SourceString->Length / sizeof(WCHAR)] = 0;
  *DestinationString = {SourceString->Length, static_cast<USHORT>(bytes), buffer};
  return STATUS_SUCCESS;
}

// Frees what the routines above and the conversions allocated; an empty string is left alone.
// nf-wdm-rtlfreeunicodestring
VOID NTAPI RtlFreeUnicodeString(PUNICODE_STRING UnicodeString) {
  if (UnicodeString->Buffer) rtl::FreeString(UnicodeString->Buffer);
  *UnicodeString = {};
}

}  // extern "C"
