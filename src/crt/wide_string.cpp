// SPDX-License-Identifier: MIT
// Strings of 16-bit characters: the standard routines and Microsoft's additions.
#include "crt/text.h"

using namespace ring3::crt;

using Wide = wchar_t;
static_assert(sizeof(Wide) == 2);
using WideInt = unsigned;

namespace {

int Compare(const Wide* a, const Wide* b, size_t count) {
  for (; count != 0; --count, ++a, ++b) {
    if (*a != *b) return *a < *b ? -1 : 1;
    if (!*a) break;
  }
  return 0;
}

Wide* Find(const Wide* text, Wide c) {
  for (;; ++text) {
    if (*text == c) return const_cast<Wide*>(text);
    if (!*text) return nullptr;
  }
}

size_t Span(const Wide* text, const Wide* set, bool inside) {
  size_t length = 0;
  while (text[length] && Contains(set, text[length]) == inside) ++length;
  return length;
}

}  // namespace

extern "C" {

size_t wcslen(const Wide* text) {
  return Length(text);
}
size_t wcsnlen(const Wide* text, size_t size) {
  return Length(text, size);
}
int wcscmp(const Wide* a, const Wide* b) {
  return Compare(a, b, SIZE_MAX);
}
int wcsncmp(const Wide* a, const Wide* b, size_t count) {
  return Compare(a, b, count);
}
int wcscoll(const Wide* a, const Wide* b) {
  return Compare(a, b, SIZE_MAX);
}
Wide* wcschr(const Wide* text, Wide c) {
  return Find(text, c);
}
size_t wcsspn(const Wide* text, const Wide* set) {
  return Span(text, set, true);
}
size_t wcscspn(const Wide* text, const Wide* set) {
  return Span(text, set, false);
}

Wide* wmemcpy(Wide* to, const Wide* from, size_t count) {
  __builtin_memcpy(to, from, count * sizeof(Wide));
  return to;
}
Wide* wmemmove(Wide* to, const Wide* from, size_t count) {
  __builtin_memmove(to, from, count * sizeof(Wide));
  return to;
}
Wide* wmemset(Wide* to, Wide c, size_t count) {
  for (size_t i = 0; i < count; ++i) to[i] = c;
  return to;
}
int wmemcmp(const Wide* a, const Wide* b, size_t count) {
  for (size_t i = 0; i < count; ++i) {
    if (a[i] != b[i]) return a[i] < b[i] ? -1 : 1;
  }
  return 0;
}
Wide* wmemchr(const Wide* text, Wide c, size_t count) {
  for (size_t i = 0; i < count; ++i) {
    if (text[i] == c) return const_cast<Wide*>(text + i);
  }
  return nullptr;
}

Wide* wcscpy(Wide* to, const Wide* from) {
  return wmemcpy(to, from, Length(from) + 1);
}
Wide* wcsncpy(Wide* to, const Wide* from, size_t count) {
  const size_t length = Length(from, count);
  wmemcpy(to, from, length);
  wmemset(to + length, 0, count - length);
  return to;
}
Wide* wcscat(Wide* to, const Wide* from) {
  wcscpy(to + Length(to), from);
  return to;
}
Wide* wcsncat(Wide* to, const Wide* from, size_t count) {
  Wide* const end = to + Length(to);
  const size_t length = Length(from, count);
  wmemcpy(end, from, length);
  end[length] = 0;
  return to;
}
Wide* wcsrchr(const Wide* text, Wide c) {
  const Wide* found = nullptr;
  for (;; ++text) {
    if (*text == c) found = text;
    if (!*text) return const_cast<Wide*>(found);
  }
}
Wide* wcsstr(const Wide* text, const Wide* part) {
  const size_t length = Length(part);
  for (;; ++text) {
    if (Compare(text, part, length) == 0) return const_cast<Wide*>(text);
    if (!*text) return nullptr;
  }
}
Wide* wcspbrk(const Wide* text, const Wide* set) {
  text += Span(text, set, false);
  return *text ? const_cast<Wide*>(text) : nullptr;
}
Wide* wcstok(Wide* text, const Wide* delimiters, Wide** context) {
  return NextToken(text, delimiters, context);
}
Wide* wcstok_s(Wide* text, const Wide* delimiters, Wide** context) {
  return NextToken(text, delimiters, context);
}

Error wmemcpy_s(Wide* to, size_t size, const Wide* from, size_t count) {
  if (count == 0) return 0;
  if (!to) return kInvalid;
  if (!from || count > size) {
    wmemset(to, 0, size);
    return from ? kRange : kInvalid;
  }
  wmemcpy(to, from, count);
  return 0;
}
Error wmemmove_s(Wide* to, size_t size, const Wide* from, size_t count) {
  if (count == 0) return 0;
  if (!to || !from) return kInvalid;
  if (count > size) return kRange;
  wmemmove(to, from, count);
  return 0;
}
Error wcscpy_s(Wide* to, size_t size, const Wide* from) {
  return CopyChecked(to, size, from, SIZE_MAX - 1);
}
Error wcsncpy_s(Wide* to, size_t size, const Wide* from, size_t count) {
  return CopyChecked(to, size, from, count);
}
Error wcscat_s(Wide* to, size_t size, const Wide* from) {
  return AppendChecked(to, size, from, SIZE_MAX - 1);
}
Error wcsncat_s(Wide* to, size_t size, const Wide* from, size_t count) {
  return AppendChecked(to, size, from, count);
}

Wide* _wcslwr(Wide* text) {
  return Transform(text, ToLower<Wide>);
}
Wide* _wcsupr(Wide* text) {
  return Transform(text, ToUpper<Wide>);
}
Wide* wcslwr(Wide* text) {
  return _wcslwr(text);
}
Wide* wcsupr(Wide* text) {
  return _wcsupr(text);
}
Wide* _wcsrev(Wide* text) {
  return Reverse(text);
}
Wide* _wcsset(Wide* text, Wide c) {
  return Transform(text, [c](Wide) { return c; });
}
Wide* _wcsnset(Wide* text, Wide c, size_t count) {
  for (size_t i = 0; i < count && text[i]; ++i) text[i] = c;
  return text;
}
Error _wcslwr_s(Wide* text, size_t size) {
  if (!text || Length(text, size) == size) return kInvalid;
  _wcslwr(text);
  return 0;
}
Error _wcsupr_s(Wide* text, size_t size) {
  if (!text || Length(text, size) == size) return kInvalid;
  _wcsupr(text);
  return 0;
}

int _wcsicmp(const Wide* a, const Wide* b) {
  return CompareIgnoringCase(a, b, SIZE_MAX);
}
int wcsicmp(const Wide* a, const Wide* b) {
  return CompareIgnoringCase(a, b, SIZE_MAX);
}
int wcscasecmp(const Wide* a, const Wide* b) {
  return CompareIgnoringCase(a, b, SIZE_MAX);
}
int _wcsnicmp(const Wide* a, const Wide* b, size_t count) {
  return CompareIgnoringCase(a, b, count);
}
int wcsnicmp(const Wide* a, const Wide* b, size_t count) {
  return CompareIgnoringCase(a, b, count);
}

WideInt towupper(WideInt c) {
  return c > 0xFFFF ? c : ToUpper(static_cast<Wide>(c));
}
WideInt towlower(WideInt c) {
  return c > 0xFFFF ? c : ToLower(static_cast<Wide>(c));
}
int iswupper(WideInt c) {
  return c <= 0xFFFF && ToLower(static_cast<Wide>(c)) != c;
}
int iswlower(WideInt c) {
  return c <= 0xFFFF && ToUpper(static_cast<Wide>(c)) != c;
}
int iswdigit(WideInt c) {
  return c >= '0' && c <= '9';
}
int iswalpha(WideInt c) {
  return iswupper(c) || iswlower(c) || (c >= 0x100 && c <= 0xFFFF);
}
int iswalnum(WideInt c) {
  return iswalpha(c) || iswdigit(c);
}
int iswxdigit(WideInt c) {
  return c <= 0x7F && DigitValue(static_cast<Wide>(c)) < 16;
}
int iswspace(WideInt c) {
  return IsSpace(c) || c == 0xA0 || c == 0x3000;
}
int iswcntrl(WideInt c) {
  return c < 0x20 || (c >= 0x7F && c < 0xA0);
}
int iswprint(WideInt c) {
  return c <= 0xFFFF && !iswcntrl(c);
}
int iswgraph(WideInt c) {
  return iswprint(c) && !iswspace(c);
}
int iswpunct(WideInt c) {
  return iswgraph(c) && !iswalnum(c);
}
}
