// SPDX-License-Identifier: MIT
// The safe string functions of one character type, for ntstrsafe.h and strsafe.h. Included once for each type with
//   RING3_SAFE_NAME(x)   the function's full name (RtlString##x##A ...)
//   RING3_SAFE_LOCAL(x)  a helper's name
//   RING3_SAFE_CHAR      the character type
//   RING3_SAFE_VPRINTF   int (char*, size_t count, const char* format, va_list), -1 when the text does not fit
// and, common to all, RING3_SAFE_RESULT, RING3_SAFE_OK, RING3_SAFE_OVERFLOW, RING3_SAFE_INVALID.
// https://learn.microsoft.com/windows-hardware/drivers/kernel/using-safe-string-functions

#define CHAR_T RING3_SAFE_CHAR
#define RESULT RING3_SAFE_RESULT
#define FN static inline __attribute__((unused))

// Characters before the terminator, at most `limit`; *ended tells whether there was one.
FN size_t RING3_SAFE_LOCAL(Count)(const CHAR_T* s, size_t limit, int* ended) {
  size_t n = 0;
  while (n < limit && s[n]) ++n;
  *ended = n < limit;
  return n;
}

// What every call does about its parameters before it writes. `*source` becomes an empty string when null is allowed.
FN RESULT RING3_SAFE_LOCAL(Check)(CHAR_T* dest, size_t cch, const CHAR_T** source, ULONG flags, int ex) {
  static const CHAR_T empty[1] = {0};
  if (flags & ~RING3_STRSAFE_VALID_FLAGS) return RING3_SAFE_INVALID;
  if (cch > RING3_SAFE_MAX) return RING3_SAFE_INVALID;
  if (!*source && (flags & RING3_STRSAFE_IGNORE_NULLS)) *source = empty;
  if (!*source) return RING3_SAFE_INVALID;
  if (!dest && (cch != 0 || !(flags & RING3_STRSAFE_IGNORE_NULLS))) return RING3_SAFE_INVALID;
  if (cch == 0 && !ex) return RING3_SAFE_INVALID;
  if (cch == 0 && **source) return dest ? RING3_SAFE_OVERFLOW : RING3_SAFE_INVALID;
  return RING3_SAFE_OK;
}

// `start` is where this call began to write, `length` the whole text; reports and applies the flags.
FN RESULT RING3_SAFE_LOCAL(Finish)(RESULT result, CHAR_T* dest, size_t cch, size_t start, size_t length, CHAR_T** end,
                                   size_t* remaining, ULONG flags) {
  if (result != RING3_SAFE_OK && dest && cch && cch <= RING3_SAFE_MAX && !(flags & ~RING3_STRSAFE_VALID_FLAGS)) {
    if (flags & RING3_STRSAFE_FILL_ON_FAILURE) {
      __builtin_memset(dest, (int)(flags & 0xff), cch * sizeof(CHAR_T));
      length = (flags & 0xff) ? cch - 1 : 0;
      dest[length] = 0;
    }
    if (flags & RING3_STRSAFE_NULL_ON_FAILURE) {
      length = 0;
      dest[0] = 0;
    } else if ((flags & RING3_STRSAFE_NO_TRUNCATION) && !(flags & RING3_STRSAFE_FILL_ON_FAILURE) &&
               result == RING3_SAFE_OVERFLOW) {
      length = start;
      dest[start] = 0;
    }
  }
  if (result == RING3_SAFE_OK && dest && cch && (flags & RING3_STRSAFE_FILL_BEHIND_NULL)) {
    __builtin_memset(dest + length + 1, (int)(flags & 0xff), (cch - length - 1) * sizeof(CHAR_T));
  }
  if (result != RING3_SAFE_INVALID) {
    if (end) *end = dest ? dest + length : dest;
    if (remaining) *remaining = cch - length;
  }
  return result;
}

// Writes at most `limit` characters of `source` behind dest[start].
FN RESULT RING3_SAFE_LOCAL(Put)(CHAR_T* dest, size_t cch, size_t start, const CHAR_T* source, size_t limit, CHAR_T** end,
                                size_t* remaining, ULONG flags) {
  size_t length = start;
  RESULT result = RING3_SAFE_OK;
  if (cch) {
    for (; limit && *source && length < cch - 1; --limit) dest[length++] = *source++;
    dest[length] = 0;
  }
  if (limit && *source) result = RING3_SAFE_OVERFLOW;
  return RING3_SAFE_LOCAL(Finish)(result, dest, cch, start, length, end, remaining, flags);
}

FN RESULT RING3_SAFE_LOCAL(Copy)(CHAR_T* dest, size_t cch, const CHAR_T* source, size_t limit, CHAR_T** end,
                                 size_t* remaining, ULONG flags, int ex) {
  RESULT result = limit > RING3_SAFE_MAX && limit != (size_t)-1 ? RING3_SAFE_INVALID
                                                                : RING3_SAFE_LOCAL(Check)(dest, cch, &source, flags, ex);
  if (result != RING3_SAFE_OK) {
    if (!ex && result == RING3_SAFE_INVALID && dest && cch && cch <= RING3_SAFE_MAX) dest[0] = 0;
    return RING3_SAFE_LOCAL(Finish)(result, dest, cch, 0, 0, end, remaining, flags);
  }
  return RING3_SAFE_LOCAL(Put)(dest, cch, 0, source, limit, end, remaining, flags);
}

FN RESULT RING3_SAFE_LOCAL(Cat)(CHAR_T* dest, size_t cch, const CHAR_T* source, size_t limit, CHAR_T** end,
                                size_t* remaining, ULONG flags, int ex) {
  size_t start = 0;
  int ended = 1;
  RESULT result = limit > RING3_SAFE_MAX && limit != (size_t)-1 ? RING3_SAFE_INVALID
                                                                : RING3_SAFE_LOCAL(Check)(dest, cch, &source, flags, ex);
  if (result == RING3_SAFE_OK && cch) {
    start = RING3_SAFE_LOCAL(Count)(dest, cch, &ended);
    if (!ended) return RING3_SAFE_LOCAL(Finish)(RING3_SAFE_INVALID, dest, cch, 0, 0, end, remaining, flags);
  }
  if (result != RING3_SAFE_OK) return RING3_SAFE_LOCAL(Finish)(result, dest, cch, 0, 0, end, remaining, flags);
  return RING3_SAFE_LOCAL(Put)(dest, cch, start, source, limit, end, remaining, flags);
}

FN RESULT RING3_SAFE_LOCAL(Print)(CHAR_T* dest, size_t cch, CHAR_T** end, size_t* remaining, ULONG flags, int ex,
                                  const CHAR_T* format, va_list args) {
  size_t length = 0;
  int written;
  RESULT result = RING3_SAFE_LOCAL(Check)(dest, cch, &format, flags, ex);
  if (result != RING3_SAFE_OK) {
    if (!ex && result == RING3_SAFE_INVALID && dest && cch && cch <= RING3_SAFE_MAX) dest[0] = 0;
    return RING3_SAFE_LOCAL(Finish)(result, dest, cch, 0, 0, end, remaining, flags);
  }
  if (cch) {
    written = RING3_SAFE_VPRINTF(dest, cch - 1, format, args);
    result = written < 0 || (size_t)written > cch - 1 ? RING3_SAFE_OVERFLOW : RING3_SAFE_OK;
    length = result == RING3_SAFE_OK ? (size_t)written : cch - 1;
    dest[length] = 0;
  }
  return RING3_SAFE_LOCAL(Finish)(result, dest, cch, 0, length, end, remaining, flags);
}

FN RESULT RING3_SAFE_LOCAL(Length)(const CHAR_T* s, size_t limit, size_t* length, size_t unit) {
  int ended = 0;
  size_t n = 0;
  if (s && limit <= RING3_SAFE_MAX) n = RING3_SAFE_LOCAL(Count)(s, limit, &ended);
  if (length) *length = ended ? n * unit : 0;
  return ended ? RING3_SAFE_OK : RING3_SAFE_INVALID;
}

#define RING3_SAFE_UNIT sizeof(CHAR_T)
// A byte count of the caller's result, from the character count.
#define RING3_SAFE_BYTES(call)                                              \
  size_t left = 0;                                                          \
  RESULT result = call;                                                     \
  if (remaining && result != RING3_SAFE_INVALID) *remaining = left * RING3_SAFE_UNIT; \
  return result

FN RESULT RING3_SAFE_NAME(CchCopy)(CHAR_T* dest, size_t cch, const CHAR_T* src) {
  return RING3_SAFE_LOCAL(Copy)(dest, cch, src, (size_t)-1, 0, 0, 0, 0);
}
FN RESULT RING3_SAFE_NAME(CbCopy)(CHAR_T* dest, size_t cb, const CHAR_T* src) {
  return RING3_SAFE_LOCAL(Copy)(dest, cb / RING3_SAFE_UNIT, src, (size_t)-1, 0, 0, 0, 0);
}
FN RESULT RING3_SAFE_NAME(CchCopyEx)(CHAR_T* dest, size_t cch, const CHAR_T* src, CHAR_T** end, size_t* remaining,
                                     ULONG flags) {
  return RING3_SAFE_LOCAL(Copy)(dest, cch, src, (size_t)-1, end, remaining, flags, 1);
}
FN RESULT RING3_SAFE_NAME(CbCopyEx)(CHAR_T* dest, size_t cb, const CHAR_T* src, CHAR_T** end, size_t* remaining,
                                    ULONG flags) {
  RING3_SAFE_BYTES(RING3_SAFE_LOCAL(Copy)(dest, cb / RING3_SAFE_UNIT, src, (size_t)-1, end, &left, flags, 1));
}
FN RESULT RING3_SAFE_NAME(CchCopyN)(CHAR_T* dest, size_t cch, const CHAR_T* src, size_t cchSrc) {
  return RING3_SAFE_LOCAL(Copy)(dest, cch, src, cchSrc, 0, 0, 0, 0);
}
FN RESULT RING3_SAFE_NAME(CbCopyN)(CHAR_T* dest, size_t cb, const CHAR_T* src, size_t cbSrc) {
  return RING3_SAFE_LOCAL(Copy)(dest, cb / RING3_SAFE_UNIT, src, cbSrc / RING3_SAFE_UNIT, 0, 0, 0, 0);
}
FN RESULT RING3_SAFE_NAME(CchCopyNEx)(CHAR_T* dest, size_t cch, const CHAR_T* src, size_t cchSrc, CHAR_T** end,
                                      size_t* remaining, ULONG flags) {
  return RING3_SAFE_LOCAL(Copy)(dest, cch, src, cchSrc, end, remaining, flags, 1);
}
FN RESULT RING3_SAFE_NAME(CbCopyNEx)(CHAR_T* dest, size_t cb, const CHAR_T* src, size_t cbSrc, CHAR_T** end,
                                     size_t* remaining, ULONG flags) {
  RING3_SAFE_BYTES(
      RING3_SAFE_LOCAL(Copy)(dest, cb / RING3_SAFE_UNIT, src, cbSrc / RING3_SAFE_UNIT, end, &left, flags, 1));
}

FN RESULT RING3_SAFE_NAME(CchCat)(CHAR_T* dest, size_t cch, const CHAR_T* src) {
  return RING3_SAFE_LOCAL(Cat)(dest, cch, src, (size_t)-1, 0, 0, 0, 0);
}
FN RESULT RING3_SAFE_NAME(CbCat)(CHAR_T* dest, size_t cb, const CHAR_T* src) {
  return RING3_SAFE_LOCAL(Cat)(dest, cb / RING3_SAFE_UNIT, src, (size_t)-1, 0, 0, 0, 0);
}
FN RESULT RING3_SAFE_NAME(CchCatEx)(CHAR_T* dest, size_t cch, const CHAR_T* src, CHAR_T** end, size_t* remaining,
                                    ULONG flags) {
  return RING3_SAFE_LOCAL(Cat)(dest, cch, src, (size_t)-1, end, remaining, flags, 1);
}
FN RESULT RING3_SAFE_NAME(CbCatEx)(CHAR_T* dest, size_t cb, const CHAR_T* src, CHAR_T** end, size_t* remaining,
                                   ULONG flags) {
  RING3_SAFE_BYTES(RING3_SAFE_LOCAL(Cat)(dest, cb / RING3_SAFE_UNIT, src, (size_t)-1, end, &left, flags, 1));
}
FN RESULT RING3_SAFE_NAME(CchCatN)(CHAR_T* dest, size_t cch, const CHAR_T* src, size_t cchSrc) {
  return RING3_SAFE_LOCAL(Cat)(dest, cch, src, cchSrc, 0, 0, 0, 0);
}
FN RESULT RING3_SAFE_NAME(CbCatN)(CHAR_T* dest, size_t cb, const CHAR_T* src, size_t cbSrc) {
  return RING3_SAFE_LOCAL(Cat)(dest, cb / RING3_SAFE_UNIT, src, cbSrc / RING3_SAFE_UNIT, 0, 0, 0, 0);
}
FN RESULT RING3_SAFE_NAME(CchCatNEx)(CHAR_T* dest, size_t cch, const CHAR_T* src, size_t cchSrc, CHAR_T** end,
                                     size_t* remaining, ULONG flags) {
  return RING3_SAFE_LOCAL(Cat)(dest, cch, src, cchSrc, end, remaining, flags, 1);
}
FN RESULT RING3_SAFE_NAME(CbCatNEx)(CHAR_T* dest, size_t cb, const CHAR_T* src, size_t cbSrc, CHAR_T** end,
                                    size_t* remaining, ULONG flags) {
  RING3_SAFE_BYTES(RING3_SAFE_LOCAL(Cat)(dest, cb / RING3_SAFE_UNIT, src, cbSrc / RING3_SAFE_UNIT, end, &left, flags, 1));
}

FN RESULT RING3_SAFE_NAME(CchVPrintf)(CHAR_T* dest, size_t cch, const CHAR_T* format, va_list args) {
  return RING3_SAFE_LOCAL(Print)(dest, cch, 0, 0, 0, 0, format, args);
}
FN RESULT RING3_SAFE_NAME(CbVPrintf)(CHAR_T* dest, size_t cb, const CHAR_T* format, va_list args) {
  return RING3_SAFE_LOCAL(Print)(dest, cb / RING3_SAFE_UNIT, 0, 0, 0, 0, format, args);
}
FN RESULT RING3_SAFE_NAME(CchVPrintfEx)(CHAR_T* dest, size_t cch, CHAR_T** end, size_t* remaining, ULONG flags,
                                        const CHAR_T* format, va_list args) {
  return RING3_SAFE_LOCAL(Print)(dest, cch, end, remaining, flags, 1, format, args);
}
FN RESULT RING3_SAFE_NAME(CbVPrintfEx)(CHAR_T* dest, size_t cb, CHAR_T** end, size_t* remaining, ULONG flags,
                                       const CHAR_T* format, va_list args) {
  RING3_SAFE_BYTES(RING3_SAFE_LOCAL(Print)(dest, cb / RING3_SAFE_UNIT, end, &left, flags, 1, format, args));
}
FN RESULT RING3_SAFE_NAME(CchPrintf)(CHAR_T* dest, size_t cch, const CHAR_T* format, ...) {
  va_list args;
  va_start(args, format);
  RESULT result = RING3_SAFE_NAME(CchVPrintf)(dest, cch, format, args);
  va_end(args);
  return result;
}
FN RESULT RING3_SAFE_NAME(CbPrintf)(CHAR_T* dest, size_t cb, const CHAR_T* format, ...) {
  va_list args;
  va_start(args, format);
  RESULT result = RING3_SAFE_NAME(CbVPrintf)(dest, cb, format, args);
  va_end(args);
  return result;
}
FN RESULT RING3_SAFE_NAME(CchPrintfEx)(CHAR_T* dest, size_t cch, CHAR_T** end, size_t* remaining, ULONG flags,
                                       const CHAR_T* format, ...) {
  va_list args;
  va_start(args, format);
  RESULT result = RING3_SAFE_NAME(CchVPrintfEx)(dest, cch, end, remaining, flags, format, args);
  va_end(args);
  return result;
}
FN RESULT RING3_SAFE_NAME(CbPrintfEx)(CHAR_T* dest, size_t cb, CHAR_T** end, size_t* remaining, ULONG flags,
                                      const CHAR_T* format, ...) {
  va_list args;
  va_start(args, format);
  RESULT result = RING3_SAFE_NAME(CbVPrintfEx)(dest, cb, end, remaining, flags, format, args);
  va_end(args);
  return result;
}

FN RESULT RING3_SAFE_NAME(CchLength)(const CHAR_T* s, size_t cchMax, size_t* length) {
  return RING3_SAFE_LOCAL(Length)(s, cchMax, length, 1);
}
FN RESULT RING3_SAFE_NAME(CbLength)(const CHAR_T* s, size_t cbMax, size_t* length) {
  return RING3_SAFE_LOCAL(Length)(s, cbMax / RING3_SAFE_UNIT, length, RING3_SAFE_UNIT);
}

#undef CHAR_T
#undef RESULT
#undef FN
#undef RING3_SAFE_UNIT
#undef RING3_SAFE_BYTES
#undef RING3_SAFE_CHAR
#undef RING3_SAFE_NAME
#undef RING3_SAFE_LOCAL
#undef RING3_SAFE_VPRINTF
