// SPDX-License-Identifier: MIT
// Microsoft's additions to <string.h>.
#include "crt/text.h"

using namespace ring3::crt;

extern "C" {

Error memcpy_s(void* to, size_t size, const void* from, size_t count) {
  if (count == 0) return 0;
  if (!to) return kInvalid;
  if (!from || count > size) {
    __builtin_memset(to, 0, size);
    return from ? kRange : kInvalid;
  }
  __builtin_memcpy(to, from, count);
  return 0;
}

Error memmove_s(void* to, size_t size, const void* from, size_t count) {
  if (count == 0) return 0;
  if (!to || !from) return kInvalid;
  if (count > size) return kRange;
  __builtin_memmove(to, from, count);
  return 0;
}

Error strcpy_s(char* to, size_t size, const char* from) {
  return CopyChecked(to, size, from, SIZE_MAX - 1);
}
Error strncpy_s(char* to, size_t size, const char* from, size_t count) {
  return CopyChecked(to, size, from, count);
}
Error strcat_s(char* to, size_t size, const char* from) {
  return AppendChecked(to, size, from, SIZE_MAX - 1);
}
Error strncat_s(char* to, size_t size, const char* from, size_t count) {
  return AppendChecked(to, size, from, count);
}
char* strtok_s(char* text, const char* delimiters, char** context) {
  return NextToken(text, delimiters, context);
}

char* _strlwr(char* text) {
  return Transform(text, ToLower<char>);
}
char* _strupr(char* text) {
  return Transform(text, ToUpper<char>);
}
char* strlwr(char* text) {
  return _strlwr(text);
}
char* strupr(char* text) {
  return _strupr(text);
}
char* _strrev(char* text) {
  return Reverse(text);
}
char* _strset(char* text, int c) {
  return Transform(text, [c](char) { return static_cast<char>(c); });
}
char* _strnset(char* text, int c, size_t count) {
  for (size_t i = 0; i < count && text[i]; ++i) text[i] = static_cast<char>(c);
  return text;
}

Error _strlwr_s(char* text, size_t size) {
  if (!text || Length(text, size) == size) return kInvalid;
  _strlwr(text);
  return 0;
}

Error _strupr_s(char* text, size_t size) {
  if (!text || Length(text, size) == size) return kInvalid;
  _strupr(text);
  return 0;
}

int _stricmp(const char* a, const char* b) {
  return CompareIgnoringCase(a, b, SIZE_MAX);
}
int _strcmpi(const char* a, const char* b) {
  return CompareIgnoringCase(a, b, SIZE_MAX);
}
int stricmp(const char* a, const char* b) {
  return CompareIgnoringCase(a, b, SIZE_MAX);
}
int _strnicmp(const char* a, const char* b, size_t count) {
  return CompareIgnoringCase(a, b, count);
}
int strnicmp(const char* a, const char* b, size_t count) {
  return CompareIgnoringCase(a, b, count);
}
int _memicmp(const void* a, const void* b, size_t count) {
  const auto *x = static_cast<const unsigned char*>(a), *y = static_cast<const unsigned char*>(b);
  for (size_t i = 0; i < count; ++i) {
    if (const int difference = ToLower(static_cast<char>(x[i])) - ToLower(static_cast<char>(y[i])))
      return difference;
  }
  return 0;
}
}
