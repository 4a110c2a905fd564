// SPDX-License-Identifier: MIT
// ntstrsafe.h's functions on UNICODE_STRING. Nothing is terminated with a null character.
#ifndef RING3_UNICODE_STRSAFE_H
#define RING3_UNICODE_STRSAFE_H

#ifdef __cplusplus
extern "C++" {
#endif

#define FN static inline __attribute__((unused))

// Null is an empty string where `flags` allow it; anything else must be well formed.
FN NTSTATUS RtlUnicodeStringValidateEx(PCUNICODE_STRING SourceString, ULONG dwFlags) {
  const UNICODE_STRING* s = SourceString;
  if (dwFlags & ~RING3_STRSAFE_VALID_FLAGS) return STATUS_INVALID_PARAMETER;
  if (!s) return dwFlags & STRSAFE_IGNORE_NULLS ? STATUS_SUCCESS : STATUS_INVALID_PARAMETER;
  if (s->Length % sizeof(WCHAR) || s->MaximumLength % sizeof(WCHAR) || s->Length > s->MaximumLength ||
      s->MaximumLength > NTSTRSAFE_UNICODE_STRING_MAX_CCH * sizeof(WCHAR)) {
    return STATUS_INVALID_PARAMETER;
  }
  if (!s->Buffer && (s->Length || s->MaximumLength)) return STATUS_INVALID_PARAMETER;
  return STATUS_SUCCESS;
}
FN NTSTATUS RtlUnicodeStringValidate(PCUNICODE_STRING SourceString) { return RtlUnicodeStringValidateEx(SourceString, 0); }

FN NTSTATUS RtlUnicodeStringInitEx(PUNICODE_STRING DestinationString, PCWSTR pszSrc, ULONG dwFlags) {
  size_t n = 0;
  int ended = 1;
  if (!DestinationString || (dwFlags & ~(ULONG)STRSAFE_IGNORE_NULLS)) return STATUS_INVALID_PARAMETER;
  if (pszSrc) n = Ring3RtlStringCountW(pszSrc, NTSTRSAFE_UNICODE_STRING_MAX_CCH, &ended);
  if (!ended || (!pszSrc && !(dwFlags & STRSAFE_IGNORE_NULLS))) return STATUS_INVALID_PARAMETER;
  DestinationString->Buffer = (PWCH)pszSrc;
  DestinationString->Length = (USHORT)(n * sizeof(WCHAR));
  DestinationString->MaximumLength = (USHORT)(pszSrc ? (n + 1) * sizeof(WCHAR) : 0);
  return STATUS_SUCCESS;
}
FN NTSTATUS RtlUnicodeStringInit(PUNICODE_STRING DestinationString, PCWSTR pszSrc) {
  return RtlUnicodeStringInitEx(DestinationString, pszSrc, STRSAFE_IGNORE_NULLS);
}

// `original` is the length before the call in characters, `length` after it.
FN NTSTATUS Ring3UnicodeFinish(NTSTATUS status, PUNICODE_STRING dest, size_t original, size_t length,
                               PUNICODE_STRING remaining, ULONG flags) {
  size_t room = dest ? dest->MaximumLength / sizeof(WCHAR) : 0;
  if (status != STATUS_SUCCESS && dest && dest->Buffer) {
    if (flags & STRSAFE_FILL_ON_FAILURE) {
      __builtin_memset(dest->Buffer, (int)(flags & 0xff), room * sizeof(WCHAR));
      length = room;
    }
    if (flags & STRSAFE_NULL_ON_FAILURE) length = 0;
    else if ((flags & STRSAFE_NO_TRUNCATION) && !(flags & STRSAFE_FILL_ON_FAILURE)) length = original;
  }
  if (status == STATUS_SUCCESS && dest && dest->Buffer && (flags & STRSAFE_FILL_BEHIND)) {
    __builtin_memset(dest->Buffer + length, (int)(flags & 0xff), (room - length) * sizeof(WCHAR));
  }
  if (dest) dest->Length = (USHORT)(length * sizeof(WCHAR));
  if (remaining && status != STATUS_INVALID_PARAMETER) {
    remaining->Length = 0;
    remaining->MaximumLength = (USHORT)((room - length) * sizeof(WCHAR));
    remaining->Buffer = dest && dest->Buffer ? dest->Buffer + length : NULL;
  }
  return status;
}

// Writes `count` characters of `source` behind character `start` of `dest`.
FN NTSTATUS Ring3UnicodePut(PUNICODE_STRING dest, size_t start, size_t restore, const WCHAR* source, size_t count,
                            PUNICODE_STRING remaining, ULONG flags) {
  size_t room = dest ? dest->MaximumLength / sizeof(WCHAR) : 0;
  size_t n = count < room - start ? count : room - start;
  if (!dest && count) return STATUS_INVALID_PARAMETER;
  if (n) __builtin_memmove(dest->Buffer + start, source, n * sizeof(WCHAR));
  return Ring3UnicodeFinish(n < count ? STATUS_BUFFER_OVERFLOW : STATUS_SUCCESS, dest, restore, start + n, remaining, flags);
}

FN NTSTATUS Ring3UnicodeFromString(PUNICODE_STRING dest, int append, PCUNICODE_STRING source, size_t limit,
                                   PUNICODE_STRING remaining, ULONG flags) {
  size_t original, count;
  if (RtlUnicodeStringValidateEx(dest, flags) || RtlUnicodeStringValidateEx(source, flags)) return STATUS_INVALID_PARAMETER;
  if (limit != (size_t)-1 && limit > NTSTRSAFE_UNICODE_STRING_MAX_CCH) return STATUS_INVALID_PARAMETER;
  original = dest && append ? dest->Length / sizeof(WCHAR) : 0;
  count = source ? source->Length / sizeof(WCHAR) : 0;
  if (count > limit) count = limit;
  return Ring3UnicodePut(dest, original, original, source ? source->Buffer : NULL, count, remaining, flags);
}

FN NTSTATUS Ring3UnicodeFromText(PUNICODE_STRING dest, int append, PCWSTR source, size_t limit, PUNICODE_STRING remaining,
                                 ULONG flags) {
  size_t original, count = 0;
  if (RtlUnicodeStringValidateEx(dest, flags)) return STATUS_INVALID_PARAMETER;
  if (limit != (size_t)-1 && limit > NTSTRSAFE_UNICODE_STRING_MAX_CCH) return STATUS_INVALID_PARAMETER;
  if (!source && !(flags & STRSAFE_IGNORE_NULLS)) return STATUS_INVALID_PARAMETER;
  original = dest && append ? dest->Length / sizeof(WCHAR) : 0;
  while (source && count < limit && source[count]) ++count;
  return Ring3UnicodePut(dest, original, original, source, count, remaining, flags);
}

FN NTSTATUS RtlUnicodeStringVPrintfEx(PUNICODE_STRING DestinationString, PUNICODE_STRING RemainingString, ULONG dwFlags,
                                      PCWSTR pszFormat, va_list argList) {
  size_t room, length;
  int written;
  if (RtlUnicodeStringValidateEx(DestinationString, dwFlags)) return STATUS_INVALID_PARAMETER;
  if (!pszFormat && !(dwFlags & STRSAFE_IGNORE_NULLS)) return STATUS_INVALID_PARAMETER;
  if (!pszFormat) pszFormat = L"";
  room = DestinationString ? DestinationString->MaximumLength / sizeof(WCHAR) : 0;
  if (!room && *pszFormat) return DestinationString && DestinationString->Buffer ? STATUS_BUFFER_OVERFLOW : STATUS_INVALID_PARAMETER;
  written = room ? _vsnwprintf(DestinationString->Buffer, room, pszFormat, argList) : 0;
  length = written < 0 || (size_t)written > room ? room : (size_t)written;
  return Ring3UnicodeFinish(written < 0 || (size_t)written > room ? STATUS_BUFFER_OVERFLOW : STATUS_SUCCESS,
                            DestinationString, 0, length, RemainingString, dwFlags);
}
FN NTSTATUS RtlUnicodeStringVPrintf(PUNICODE_STRING DestinationString, PCWSTR pszFormat, va_list argList) {
  return RtlUnicodeStringVPrintfEx(DestinationString, NULL, 0, pszFormat, argList);
}
FN NTSTATUS RtlUnicodeStringPrintf(PUNICODE_STRING DestinationString, PCWSTR pszFormat, ...) {
  va_list args;
  va_start(args, pszFormat);
  NTSTATUS status = RtlUnicodeStringVPrintfEx(DestinationString, NULL, 0, pszFormat, args);
  va_end(args);
  return status;
}
FN NTSTATUS RtlUnicodeStringPrintfEx(PUNICODE_STRING DestinationString, PUNICODE_STRING RemainingString, ULONG dwFlags,
                                     PCWSTR pszFormat, ...) {
  va_list args;
  va_start(args, pszFormat);
  NTSTATUS status = RtlUnicodeStringVPrintfEx(DestinationString, RemainingString, dwFlags, pszFormat, args);
  va_end(args);
  return status;
}

// `op` is Copy or Cat; `append` its meaning.
#define RING3_UNICODE_SAFE(op, append)                                                                            \
  FN NTSTATUS RtlUnicodeString##op(PUNICODE_STRING d, PCUNICODE_STRING s) {                                       \
    return Ring3UnicodeFromString(d, append, s, (size_t)-1, NULL, 0);                                             \
  }                                                                                                               \
  FN NTSTATUS RtlUnicodeString##op##Ex(PUNICODE_STRING d, PCUNICODE_STRING s, PUNICODE_STRING r, ULONG flags) {   \
    return Ring3UnicodeFromString(d, append, s, (size_t)-1, r, flags);                                            \
  }                                                                                                               \
  FN NTSTATUS RtlUnicodeStringCch##op##N(PUNICODE_STRING d, PCUNICODE_STRING s, size_t cch) {                     \
    return Ring3UnicodeFromString(d, append, s, cch, NULL, 0);                                                    \
  }                                                                                                               \
  FN NTSTATUS RtlUnicodeStringCb##op##N(PUNICODE_STRING d, PCUNICODE_STRING s, size_t cb) {                       \
    return Ring3UnicodeFromString(d, append, s, cb / sizeof(WCHAR), NULL, 0);                                     \
  }                                                                                                               \
  FN NTSTATUS RtlUnicodeStringCch##op##NEx(PUNICODE_STRING d, PCUNICODE_STRING s, size_t cch, PUNICODE_STRING r,  \
                                           ULONG flags) {                                                         \
    return Ring3UnicodeFromString(d, append, s, cch, r, flags);                                                   \
  }                                                                                                               \
  FN NTSTATUS RtlUnicodeStringCb##op##NEx(PUNICODE_STRING d, PCUNICODE_STRING s, size_t cb, PUNICODE_STRING r,    \
                                          ULONG flags) {                                                          \
    return Ring3UnicodeFromString(d, append, s, cb / sizeof(WCHAR), r, flags);                                    \
  }                                                                                                               \
  FN NTSTATUS RtlUnicodeString##op##String(PUNICODE_STRING d, PCWSTR s) {                                         \
    return Ring3UnicodeFromText(d, append, s, (size_t)-1, NULL, 0);                                               \
  }                                                                                                               \
  FN NTSTATUS RtlUnicodeString##op##StringEx(PUNICODE_STRING d, PCWSTR s, PUNICODE_STRING r, ULONG flags) {       \
    return Ring3UnicodeFromText(d, append, s, (size_t)-1, r, flags);                                              \
  }                                                                                                               \
  FN NTSTATUS RtlUnicodeStringCch##op##StringN(PUNICODE_STRING d, PCWSTR s, size_t cch) {                         \
    return Ring3UnicodeFromText(d, append, s, cch, NULL, 0);                                                      \
  }                                                                                                               \
  FN NTSTATUS RtlUnicodeStringCb##op##StringN(PUNICODE_STRING d, PCWSTR s, size_t cb) {                           \
    return Ring3UnicodeFromText(d, append, s, cb / sizeof(WCHAR), NULL, 0);                                       \
  }                                                                                                               \
  FN NTSTATUS RtlUnicodeStringCch##op##StringNEx(PUNICODE_STRING d, PCWSTR s, size_t cch, PUNICODE_STRING r,      \
                                                 ULONG flags) {                                                   \
    return Ring3UnicodeFromText(d, append, s, cch, r, flags);                                                     \
  }                                                                                                               \
  FN NTSTATUS RtlUnicodeStringCb##op##StringNEx(PUNICODE_STRING d, PCWSTR s, size_t cb, PUNICODE_STRING r,        \
                                                ULONG flags) {                                                    \
    return Ring3UnicodeFromText(d, append, s, cb / sizeof(WCHAR), r, flags);                                      \
  }
RING3_UNICODE_SAFE(Copy, 0)
RING3_UNICODE_SAFE(Cat, 1)
#undef RING3_UNICODE_SAFE

// Into a terminated buffer.
FN NTSTATUS RtlStringCchCopyUnicodeStringEx(PWSTR pszDest, size_t cchDest, PCUNICODE_STRING SourceString, PWSTR* ppszDestEnd,
                                            size_t* pcchRemaining, ULONG dwFlags) {
  size_t count;
  if (cchDest > NTSTRSAFE_UNICODE_STRING_MAX_CCH) return STATUS_INVALID_PARAMETER;
  if (RtlUnicodeStringValidateEx(SourceString, dwFlags)) return STATUS_INVALID_PARAMETER;
  count = SourceString ? SourceString->Length / sizeof(WCHAR) : 0;
  if (!pszDest && (cchDest || count || !(dwFlags & STRSAFE_IGNORE_NULLS))) return STATUS_INVALID_PARAMETER;
  if (!cchDest) return count ? STATUS_INVALID_PARAMETER : STATUS_SUCCESS;
  // The source is counted, so an embedded null does not end it.
  size_t n = count < cchDest - 1 ? count : cchDest - 1;
  if (n) __builtin_memcpy(pszDest, SourceString->Buffer, n * sizeof(WCHAR));
  pszDest[n] = 0;
  return Ring3RtlStringFinishW(n < count ? STATUS_BUFFER_OVERFLOW : STATUS_SUCCESS, pszDest, cchDest, 0, n, ppszDestEnd,
                               pcchRemaining, dwFlags);
}
FN NTSTATUS RtlStringCchCopyUnicodeString(PWSTR pszDest, size_t cchDest, PCUNICODE_STRING SourceString) {
  if (!cchDest) return STATUS_INVALID_PARAMETER;
  return RtlStringCchCopyUnicodeStringEx(pszDest, cchDest, SourceString, NULL, NULL, 0);
}
FN NTSTATUS RtlStringCbCopyUnicodeString(PWSTR pszDest, size_t cbDest, PCUNICODE_STRING SourceString) {
  return RtlStringCchCopyUnicodeString(pszDest, cbDest / sizeof(WCHAR), SourceString);
}
FN NTSTATUS RtlStringCbCopyUnicodeStringEx(PWSTR pszDest, size_t cbDest, PCUNICODE_STRING SourceString, PWSTR* ppszDestEnd,
                                           size_t* pcbRemaining, ULONG dwFlags) {
  size_t left = 0;
  NTSTATUS status =
      RtlStringCchCopyUnicodeStringEx(pszDest, cbDest / sizeof(WCHAR), SourceString, ppszDestEnd, &left, dwFlags);
  if (pcbRemaining && status != STATUS_INVALID_PARAMETER) *pcbRemaining = left * sizeof(WCHAR);
  return status;
}

#undef FN

#ifdef __cplusplus
}
#endif

#endif
