// SPDX-License-Identifier: MIT
// Between UTF-16 and the narrow encodings. The ANSI and OEM code pages are both UTF-8.
#include <ddi/rtl_ntifs.h>
#include <ntstatus.h>

#include <algorithm>
#include <cstring>

#include "rtl/case_map.h"
#include "rtl/string_memory.h"
#include "rtl/unicode.h"

namespace rtl = ring3::rtl;

namespace {

struct Converted {
  size_t bytes = 0;      // written, or needed when there is no destination
  bool complete = true;  // everything fitted
  bool valid = true;     // nothing had to be replaced
};

// `map` is applied to each UTF-16 unit first.
template <typename Map>
Converted ToNarrow(char* out, size_t room, const wchar_t* s, size_t count, Map map) {
  Converted result;
  const wchar_t* end = s + count;
  while (s != end) {
    rtl::Decoded c = rtl::DecodeUtf16(s, end);
    result.valid &= c.valid;
    char units[4];
    size_t n = rtl::EncodeUtf8(
        c.code_point < 0x10000 ? map(static_cast<wchar_t>(c.code_point)) : c.code_point, units);
    if (out) {
      if (n > room - result.bytes) {
        result.complete = false;
        break;
      }
      memcpy(out + result.bytes, units, n);
    }
    result.bytes += n;
  }
  return result;
}

Converted ToNarrow(char* out, size_t room, const wchar_t* s, size_t count) {
  return ToNarrow(out, room, s, count, [](wchar_t c) { return static_cast<uint16_t>(c); });
}

Converted ToWide(wchar_t* out, size_t room_bytes, const char* s, size_t count) {
  Converted result;
  const char* end = s + count;
  while (s != end) {
    rtl::Decoded c = rtl::DecodeUtf8(s, end);
    result.valid &= c.valid;
    wchar_t units[2];
    size_t n = rtl::EncodeUtf16(c.code_point, units) * sizeof(wchar_t);
    if (out) {
      if (n > room_bytes - result.bytes) {
        result.complete = false;
        break;
      }
      memcpy(reinterpret_cast<char*>(out) + result.bytes, units, n);
    }
    result.bytes += n;
  }
  return result;
}

NTSTATUS ExactStatus(const Converted& c) {
  if (!c.complete) return STATUS_BUFFER_TOO_SMALL;
  return c.valid ? STATUS_SUCCESS : STATUS_SOME_NOT_MAPPED;
}

// Makes sure that the destination holds `bytes` and a terminator of `unit` bytes (not counted when
// `counted`).
template <typename String>
NTSTATUS Prepare(String* destination, size_t bytes, size_t unit, size_t terminator, BOOLEAN allocate) {
  size_t needed = bytes + terminator;
  if (needed > 65536 - unit) return STATUS_INVALID_PARAMETER_2;
  if (allocate) {
    void* buffer = rtl::AllocateString(std::max(needed, unit));
    if (!buffer) return STATUS_NO_MEMORY;
    destination->Buffer = static_cast<decltype(destination->Buffer)>(buffer);
    destination->MaximumLength = static_cast<USHORT>(needed);
  } else if (needed > destination->MaximumLength) {
    return STATUS_BUFFER_OVERFLOW;
  }
  destination->Length = static_cast<USHORT>(bytes);
  if (terminator) destination->Buffer[bytes / unit] = 0;
  return STATUS_SUCCESS;
}

NTSTATUS StringToNarrow(PSTRING destination, PCUNICODE_STRING source, BOOLEAN allocate, size_t terminator,
                        bool upcase) {
  size_t count = source->Length / sizeof(WCHAR);
  auto convert = [&](char* out, size_t room) {
    return upcase ? ToNarrow(out, room, source->Buffer, count,
                             [](wchar_t c) { return uint16_t(rtl::Upcase(c)); })
                  : ToNarrow(out, room, source->Buffer, count);
  };
  size_t bytes = convert(nullptr, 0).bytes;
  NTSTATUS status = Prepare(destination, bytes, 1, terminator, allocate);
  if (NT_SUCCESS(status)) convert(destination->Buffer, bytes);
  return status;
}

NTSTATUS StringToWide(PUNICODE_STRING destination, const STRING* source, BOOLEAN allocate,
                      size_t terminator) {
  size_t bytes = ToWide(nullptr, 0, source->Buffer, source->Length).bytes;
  NTSTATUS status = Prepare(destination, bytes, sizeof(WCHAR), terminator, allocate);
  if (NT_SUCCESS(status)) ToWide(destination->Buffer, bytes, source->Buffer, source->Length);
  return status;
}

}  // namespace

extern "C" {

// Malformed input becomes U+FFFD: STATUS_SOME_NOT_MAPPED. STATUS_BUFFER_TOO_SMALL after writing what fits,
// STATUS_INVALID_PARAMETER without any output, _4 without input, _5 for half a unit. nf-wdm-rtlunicodetoutf8n
NTSTATUS NTAPI RtlUnicodeToUTF8N(PCHAR UTF8StringDestination, ULONG UTF8StringMaxByteCount,
                                 PULONG UTF8StringActualByteCount, PCWCH UnicodeStringSource,
                                 ULONG UnicodeStringByteCount) {
  if (!UnicodeStringSource) return STATUS_INVALID_PARAMETER_4;
  if (UnicodeStringByteCount % sizeof(WCHAR)) return STATUS_INVALID_PARAMETER_5;
  if (!UTF8StringDestination && !UTF8StringActualByteCount) return STATUS_INVALID_PARAMETER;
  Converted c = ToNarrow(UTF8StringDestination, UTF8StringMaxByteCount, UnicodeStringSource,
                         UnicodeStringByteCount / sizeof(WCHAR));
  if (UTF8StringActualByteCount) *UTF8StringActualByteCount = static_cast<ULONG>(c.bytes);
  return ExactStatus(c);
}

// As RtlUnicodeToUTF8N. nf-wdm-rtlutf8tounicoden
NTSTATUS NTAPI RtlUTF8ToUnicodeN(PWSTR UnicodeStringDestination, ULONG UnicodeStringMaxByteCount,
                                 PULONG UnicodeStringActualByteCount, PCCH UTF8StringSource,
                                 ULONG UTF8StringByteCount) {
  if (!UTF8StringSource) return STATUS_INVALID_PARAMETER_4;
  if (!UnicodeStringDestination && !UnicodeStringActualByteCount) return STATUS_INVALID_PARAMETER;
  Converted c =
      ToWide(UnicodeStringDestination, UnicodeStringMaxByteCount, UTF8StringSource, UTF8StringByteCount);
  if (UnicodeStringActualByteCount) *UnicodeStringActualByteCount = static_cast<ULONG>(c.bytes);
  return ExactStatus(c);
}

// The result is terminated. STATUS_BUFFER_OVERFLOW when the caller's buffer is too small,
// STATUS_INVALID_PARAMETER_2 when no counted string could hold it, STATUS_NO_MEMORY. PASSIVE_LEVEL.
// nf-wdm-rtlansistringtounicodestring
NTSTATUS NTAPI RtlAnsiStringToUnicodeString(PUNICODE_STRING DestinationString, PCANSI_STRING SourceString,
                                            BOOLEAN AllocateDestinationString) {
  return StringToWide(DestinationString, SourceString, AllocateDestinationString, sizeof(WCHAR));
}
// nf-wdm-rtlunicodestringtoansistring
NTSTATUS NTAPI RtlUnicodeStringToAnsiString(PANSI_STRING DestinationString, PCUNICODE_STRING SourceString,
                                            BOOLEAN AllocateDestinationString) {
  return StringToNarrow(DestinationString, SourceString, AllocateDestinationString, 1, false);
}
// nf-wdm-rtlunicodestringtoutf8string
NTSTATUS NTAPI RtlUnicodeStringToUTF8String(PUTF8_STRING DestinationString, PCUNICODE_STRING SourceString,
                                            BOOLEAN AllocateDestinationString) {
  return StringToNarrow(DestinationString, SourceString, AllocateDestinationString, 1, false);
}
// nf-wdm-rtlutf8stringtounicodestring
NTSTATUS NTAPI RtlUTF8StringToUnicodeString(PUNICODE_STRING DestinationString, PCUTF8_STRING SourceString,
                                            BOOLEAN AllocateDestinationString) {
  return StringToWide(DestinationString, SourceString, AllocateDestinationString, sizeof(WCHAR));
}
// nf-ntifs-rtloemstringtounicodestring
NTSTATUS NTAPI RtlOemStringToUnicodeString(PUNICODE_STRING DestinationString, PCOEM_STRING SourceString,
                                           BOOLEAN AllocateDestinationString) {
  return StringToWide(DestinationString, SourceString, AllocateDestinationString, sizeof(WCHAR));
}
// The result is not terminated. nf-ntifs-rtloemstringtocountedunicodestring
NTSTATUS NTAPI RtlOemStringToCountedUnicodeString(PUNICODE_STRING DestinationString,
                                                  PCOEM_STRING SourceString,
                                                  BOOLEAN AllocateDestinationString) {
  return StringToWide(DestinationString, SourceString, AllocateDestinationString, 0);
}
// nf-ntifs-rtlunicodestringtooemstring
NTSTATUS NTAPI RtlUnicodeStringToOemString(POEM_STRING DestinationString, PCUNICODE_STRING SourceString,
                                           BOOLEAN AllocateDestinationString) {
  return StringToNarrow(DestinationString, SourceString, AllocateDestinationString, 1, false);
}
// The result is not terminated. nf-ntifs-rtlunicodestringtocountedoemstring
NTSTATUS NTAPI RtlUnicodeStringToCountedOemString(POEM_STRING DestinationString,
                                                  PCUNICODE_STRING SourceString,
                                                  BOOLEAN AllocateDestinationString) {
  return StringToNarrow(DestinationString, SourceString, AllocateDestinationString, 0, false);
}
// nf-ntifs-rtlupcaseunicodestringtooemstring
NTSTATUS NTAPI RtlUpcaseUnicodeStringToOemString(POEM_STRING DestinationString, PCUNICODE_STRING SourceString,
                                                 BOOLEAN AllocateDestinationString) {
  return StringToNarrow(DestinationString, SourceString, AllocateDestinationString, 1, true);
}

// The result is not terminated. nf-ntifs-rtlupcaseunicodestringtocountedoemstring
NTSTATUS NTAPI RtlUpcaseUnicodeStringToCountedOemString(POEM_STRING DestinationString,
                                                        PCUNICODE_STRING SourceString,
                                                        BOOLEAN AllocateDestinationString) {
  return StringToNarrow(DestinationString, SourceString, AllocateDestinationString, 0, true);
}

// Bytes that the converted string takes, with its terminator. nf-wdm-rtlxunicodestringtoansisize
ULONG NTAPI RtlxUnicodeStringToAnsiSize(PCUNICODE_STRING UnicodeString) {
  return static_cast<ULONG>(
      ToNarrow(nullptr, 0, UnicodeString->Buffer, UnicodeString->Length / sizeof(WCHAR)).bytes + 1);
}
// nf-wdm-rtlxansistringtounicodesize
ULONG NTAPI RtlxAnsiStringToUnicodeSize(PCANSI_STRING AnsiString) {
  return static_cast<ULONG>(ToWide(nullptr, 0, AnsiString->Buffer, AnsiString->Length).bytes + sizeof(WCHAR));
}
// nf-ntifs-rtlxunicodestringtooemsize
ULONG NTAPI RtlxUnicodeStringToOemSize(PCUNICODE_STRING UnicodeString) {
  return RtlxUnicodeStringToAnsiSize(UnicodeString);
}
// nf-ntifs-rtlxoemstringtounicodesize
ULONG NTAPI RtlxOemStringToUnicodeSize(PCOEM_STRING OemString) {
  return static_cast<ULONG>(ToWide(nullptr, 0, OemString->Buffer, OemString->Length).bytes + sizeof(WCHAR));
}

// Truncates what does not fit. nf-ntifs-rtlmultibytetounicoden
NTSTATUS NTAPI RtlMultiByteToUnicodeN(PWCH UnicodeString, ULONG MaxBytesInUnicodeString,
                                      PULONG BytesInUnicodeString, const CHAR* MultiByteString,
                                      ULONG BytesInMultiByteString) {
  Converted c = ToWide(UnicodeString, MaxBytesInUnicodeString, MultiByteString, BytesInMultiByteString);
  if (BytesInUnicodeString) *BytesInUnicodeString = static_cast<ULONG>(c.bytes);
  return STATUS_SUCCESS;
}
// nf-ntifs-rtlmultibytetounicodesize
NTSTATUS NTAPI RtlMultiByteToUnicodeSize(PULONG BytesInUnicodeString, const CHAR* MultiByteString,
                                         ULONG BytesInMultiByteString) {
  *BytesInUnicodeString =
      static_cast<ULONG>(ToWide(nullptr, 0, MultiByteString, BytesInMultiByteString).bytes);
  return STATUS_SUCCESS;
}
// Truncates what does not fit. nf-ntifs-rtlunicodetomultibyten
NTSTATUS NTAPI RtlUnicodeToMultiByteN(PCHAR MultiByteString, ULONG MaxBytesInMultiByteString,
                                      PULONG BytesInMultiByteString, PCWCH UnicodeString,
                                      ULONG BytesInUnicodeString) {
  Converted c = ToNarrow(MultiByteString, MaxBytesInMultiByteString, UnicodeString,
                         BytesInUnicodeString / sizeof(WCHAR));
  if (BytesInMultiByteString) *BytesInMultiByteString = static_cast<ULONG>(c.bytes);
  return STATUS_SUCCESS;
}
// nf-ntifs-rtlunicodetomultibytesize
NTSTATUS NTAPI RtlUnicodeToMultiByteSize(PULONG BytesInMultiByteString, PCWCH UnicodeString,
                                         ULONG BytesInUnicodeString) {
  *BytesInMultiByteString =
      static_cast<ULONG>(ToNarrow(nullptr, 0, UnicodeString, BytesInUnicodeString / sizeof(WCHAR)).bytes);
  return STATUS_SUCCESS;
}
// nf-ntifs-rtlupcaseunicodetomultibyten
NTSTATUS NTAPI RtlUpcaseUnicodeToMultiByteN(PCHAR MultiByteString, ULONG MaxBytesInMultiByteString,
                                            PULONG BytesInMultiByteString, PCWCH UnicodeString,
                                            ULONG BytesInUnicodeString) {
  Converted c = ToNarrow(MultiByteString, MaxBytesInMultiByteString, UnicodeString,
                         BytesInUnicodeString / sizeof(WCHAR),
                         [](wchar_t unit) { return uint16_t(rtl::Upcase(unit)); });
  if (BytesInMultiByteString) *BytesInMultiByteString = static_cast<ULONG>(c.bytes);
  return STATUS_SUCCESS;
}

// nf-ntifs-rtloemtounicoden
NTSTATUS NTAPI RtlOemToUnicodeN(PWCH UnicodeString, ULONG MaxBytesInUnicodeString,
                                PULONG BytesInUnicodeString, PCCH OemString, ULONG BytesInOemString) {
  return RtlMultiByteToUnicodeN(UnicodeString, MaxBytesInUnicodeString, BytesInUnicodeString, OemString,
                                BytesInOemString);
}
// STATUS_BUFFER_OVERFLOW after writing what fits. nf-ntifs-rtlunicodetooemn
NTSTATUS NTAPI RtlUnicodeToOemN(PCHAR OemString, ULONG MaxBytesInOemString, PULONG BytesInOemString,
                                PCWCH UnicodeString, ULONG BytesInUnicodeString) {
  Converted c = ToNarrow(OemString, MaxBytesInOemString, UnicodeString, BytesInUnicodeString / sizeof(WCHAR));
  if (BytesInOemString) *BytesInOemString = static_cast<ULONG>(c.bytes);
  return c.complete ? STATUS_SUCCESS : STATUS_BUFFER_OVERFLOW;
}
// STATUS_BUFFER_OVERFLOW after writing what fits. nf-ntifs-rtlupcaseunicodetooemn
NTSTATUS NTAPI RtlUpcaseUnicodeToOemN(PCHAR OemString, ULONG MaxBytesInOemString, PULONG BytesInOemString,
                                      PCWCH UnicodeString, ULONG BytesInUnicodeString) {
  Converted c = ToNarrow(OemString, MaxBytesInOemString, UnicodeString, BytesInUnicodeString / sizeof(WCHAR),
                         [](wchar_t unit) { return uint16_t(rtl::Upcase(unit)); });
  if (BytesInOemString) *BytesInOemString = static_cast<ULONG>(c.bytes);
  return c.complete ? STATUS_SUCCESS : STATUS_BUFFER_OVERFLOW;
}

// One character, and the pointer moved behind it; a space for what is malformed or outside the basic plane.
// nf-wdm-rtlansistringtounicodestring, Remarks
WCHAR NTAPI RtlAnsiCharToUnicodeChar(PUCHAR* SourceCharacter) {
  const char* s = reinterpret_cast<const char*>(*SourceCharacter);
  // The caller gives no end; a sequence never reaches past a byte that does not continue it.
  size_t length = 1;
  while (length < 4 && (static_cast<UCHAR>(s[0]) & 0xC0) == 0xC0 &&
         (static_cast<UCHAR>(s[length]) & 0xC0) == 0x80)
    ++length;
  const char* next = s;
  rtl::Decoded c = rtl::DecodeUtf8(next, s + length);
  *SourceCharacter += next - s;
  return c.valid && c.code_point < 0x10000 ? static_cast<WCHAR>(c.code_point) : L' ';
}

}  // extern "C"
