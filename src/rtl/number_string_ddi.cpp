// SPDX-License-Identifier: MIT
// Integers and GUIDs as strings.
#include <ddi/rtl_ntddk.h>
#include <ntstatus.h>

#include <optional>

#include "rtl/string_memory.h"

namespace {

bool IsBase(ULONG base) {
  return base == 2 || base == 8 || base == 10 || base == 16;
}

NTSTATUS FromInteger(ULONGLONG value, ULONG base, PUNICODE_STRING string) {
  if (!base) base = 10;
  if (!IsBase(base)) return STATUS_INVALID_PARAMETER;
  WCHAR digits[64];
  size_t count = 0;
  do {
    digits[count++] = L"0123456789ABCDEF"[value % base];
    value /= base;
  } while (value);
  if (count * sizeof(WCHAR) > string->MaximumLength) return STATUS_BUFFER_OVERFLOW;
  for (size_t i = 0; i < count; ++i) string->Buffer[i] = digits[count - 1 - i];
  string->Length = static_cast<USHORT>(count * sizeof(WCHAR));
  if (string->Length + sizeof(WCHAR) <= string->MaximumLength) string->Buffer[count] = 0;
  return STATUS_SUCCESS;
}

template <typename Unit>
int DigitValue(Unit c) {
  if (c >= '0' && c <= '9') return static_cast<int>(c - '0');
  if (c >= 'a' && c <= 'f') return static_cast<int>(c - 'a') + 10;
  if (c >= 'A' && c <= 'F') return static_cast<int>(c - 'A') + 10;
  return 99;
}

// The number at [s, end), its base from a prefix (0x, 0o, 0b) when `base` is 0. No value for a base that does
// not exist.
template <typename Unit>
std::optional<ULONGLONG> ParseInteger(const Unit*& s, const Unit* end, ULONG base) {
  if (base && !IsBase(base)) return std::nullopt;
  while (s != end && *s && static_cast<unsigned>(*s) <= ' ') ++s;
  bool negative = false;
  if (s != end && (*s == '-' || *s == '+')) negative = *s++ == '-';
  if (!base) {
    base = 10;
    if (end - s > 1 && s[0] == '0') {
      if (s[1] == 'x')
        base = 16;
      else if (s[1] == 'o')
        base = 8;
      else if (s[1] == 'b')
        base = 2;
      if (base != 10) s += 2;
    }
  }
  ULONGLONG value = 0;
  for (; s != end && DigitValue(*s) < static_cast<int>(base); ++s) {
    value = value * base + static_cast<ULONGLONG>(DigitValue(*s));
  }
  return negative ? 0 - value : value;
}

}  // namespace

extern "C" {

// Base 0 is 10. STATUS_INVALID_PARAMETER for other bases than 2, 8, 10, 16; STATUS_BUFFER_OVERFLOW.
// nf-wdm-rtlintegertounicodestring
NTSTATUS NTAPI RtlIntegerToUnicodeString(ULONG Value, ULONG Base, PUNICODE_STRING String) {
  return FromInteger(Value, Base, String);
}
// nf-wdm-rtlint64tounicodestring
NTSTATUS NTAPI RtlInt64ToUnicodeString(ULONGLONG Value, ULONG Base, PUNICODE_STRING String) {
  return FromInteger(Value, Base, String);
}

// Skips white space, takes a sign; what is no number is 0. Base 0 looks for 0x, 0o, 0b.
// STATUS_INVALID_PARAMETER for an empty string or another base. nf-wdm-rtlunicodestringtointeger
NTSTATUS NTAPI RtlUnicodeStringToInteger(PCUNICODE_STRING String, ULONG Base, PULONG Value) {
  if (!String->Length) return STATUS_INVALID_PARAMETER;
  PCWCH s = String->Buffer;
  std::optional<ULONGLONG> value = ParseInteger(s, s + String->Length / sizeof(WCHAR), Base);
  if (!value) return STATUS_INVALID_PARAMETER;
  *Value = static_cast<ULONG>(*value);
  return STATUS_SUCCESS;
}

// As RtlUnicodeStringToInteger; EndPointer receives where the number ends.
NTSTATUS NTAPI RtlUnicodeStringToInt64(PCUNICODE_STRING String, ULONG Base, PLONG64 Number,
                                       PWSTR* EndPointer) {
  if (!String->Length) return STATUS_INVALID_PARAMETER;
  PCWCH s = String->Buffer;
  std::optional<ULONGLONG> value = ParseInteger(s, s + String->Length / sizeof(WCHAR), Base);
  if (!value) return STATUS_INVALID_PARAMETER;
  *Number = static_cast<LONG64>(*value);
  if (EndPointer) *EndPointer = const_cast<PWSTR>(s);
  return STATUS_SUCCESS;
}

// A null-terminated string; otherwise as RtlUnicodeStringToInteger. nf-ntddk-rtlchartointeger
NTSTATUS NTAPI RtlCharToInteger(PCSZ String, ULONG Base, PULONG Value) {
  const CHAR* s = String;
  std::optional<ULONGLONG> value = ParseInteger(s, s + __builtin_strlen(s), Base);
  if (!value) return STATUS_INVALID_PARAMETER;
  *Value = static_cast<ULONG>(*value);
  return STATUS_SUCCESS;
}

// "{xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx}", upper-case, terminated, in paged pool: RtlFreeUnicodeString frees
// it. STATUS_NO_MEMORY. nf-wdm-rtlstringfromguid
NTSTATUS NTAPI RtlStringFromGUID(REFGUID Guid, PUNICODE_STRING GuidString) {
  constexpr USHORT kBytes = RTL_GUID_STRING_SIZE * sizeof(WCHAR);
  auto* out = static_cast<PWCH>(ring3::rtl::AllocateString(kBytes + sizeof(WCHAR)));
  if (!out) return STATUS_NO_MEMORY;
  *GuidString = {kBytes, static_cast<USHORT>(kBytes + sizeof(WCHAR)), out};
  auto put = [&out](ULONG value, int digits) {
    while (digits--) *out++ = L"0123456789ABCDEF"[(value >> (digits * 4)) & 15];
  };
  *out++ = L'{';
  put(Guid.Data1, 8);
  *out++ = L'-';
  put(Guid.Data2, 4);
  *out++ = L'-';
  put(Guid.Data3, 4);
  for (int i = 0; i < 8; ++i) {
    if (i == 0 || i == 2) *out++ = L'-';
    put(Guid.Data4[i], 2);
  }
  *out++ = L'}';
  *out = 0;
  return STATUS_SUCCESS;
}

// With the braces; STATUS_INVALID_PARAMETER leaves Guid alone. nf-wdm-rtlguidfromstring
NTSTATUS NTAPI RtlGUIDFromString(PCUNICODE_STRING GuidString, GUID* Guid) {
  if (GuidString->Length < RTL_GUID_STRING_SIZE * sizeof(WCHAR)) return STATUS_INVALID_PARAMETER;
  UCHAR bytes[16];
  int nibble = 0;
  constexpr char kForm[] = "{xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx}";
  for (int i = 0; i < RTL_GUID_STRING_SIZE; ++i) {
    WCHAR c = GuidString->Buffer[i];
    if (kForm[i] != 'x') {
      if (c != static_cast<WCHAR>(kForm[i])) return STATUS_INVALID_PARAMETER;
      continue;
    }
    int digit = DigitValue(c);
    if (digit > 15) return STATUS_INVALID_PARAMETER;
    UCHAR& byte = bytes[nibble / 2];
    byte = static_cast<UCHAR>(nibble % 2 ? byte << 4 | digit : digit);
    ++nibble;
  }
  Guid->Data1 = ULONG{bytes[0]} << 24 | ULONG{bytes[1]} << 16 | ULONG{bytes[2]} << 8 | bytes[3];
  Guid->Data2 = static_cast<USHORT>(bytes[4] << 8 | bytes[5]);
  Guid->Data3 = static_cast<USHORT>(bytes[6] << 8 | bytes[7]);
  __builtin_memcpy(Guid->Data4, bytes + 8, 8);
  return STATUS_SUCCESS;
}

}  // extern "C"
