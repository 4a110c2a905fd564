// SPDX-License-Identifier: MIT
// Between char and wchar_t. The code page of char is UTF-8; what is no UTF-8 is taken byte by byte.
#include "crt/text.h"
#include "crt/utf8.h"

using namespace ring3::crt;
using Wide = wchar_t;

extern "C" {

size_t mbstowcs(Wide* to, const char* from, size_t count) {
  size_t written = 0;
  while (*from) {
    Wide units[2];
    const Utf16Units decoded = DecodeUtf8(from, units);
    if (to && written + decoded.unit_count > count) return written;
    for (size_t i = 0; to && i < decoded.unit_count; ++i) to[written + i] = units[i];
    written += decoded.unit_count;
    from += decoded.byte_count;
  }
  if (to && written < count) to[written] = 0;
  return written;
}

size_t wcstombs(char* to, const Wide* from, size_t count) {
  size_t written = 0;
  while (*from) {
    char bytes[4];
    const Utf8Bytes encoded = EncodeUtf8(from, bytes);
    if (to && written + encoded.byte_count > count) return written;
    for (size_t i = 0; to && i < encoded.byte_count; ++i) to[written + i] = bytes[i];
    written += encoded.byte_count;
    from += encoded.unit_count;
  }
  if (to && written < count) to[written] = 0;
  return written;
}

int mbtowc(Wide* to, const char* from, size_t count) {
  if (!from) return 0;
  if (count == 0) return -1;
  if (!*from) return (to ? *to = 0 : 0), 0;
  Wide units[2];
  const Utf16Units decoded = DecodeUtf8(from, units);
  if (decoded.byte_count > count) return -1;
  if (to) *to = units[0];
  return static_cast<int>(decoded.byte_count);
}

int wctomb(char* to, Wide c) {
  if (!to) return 0;
  const Wide text[2] = {c, 0};
  return static_cast<int>(EncodeUtf8(text, to).byte_count);
}

Error mbstowcs_s(size_t* converted, Wide* to, size_t size, const char* from, size_t count) {
  if (converted) *converted = 0;
  if (to && size != 0) to[0] = 0;
  if (!from || (to && size == 0)) return kInvalid;
  const size_t needed = mbstowcs(nullptr, from, 0);
  if (!to) return (converted ? *converted = needed + 1 : 0), 0;
  const size_t wanted = count < needed ? count : needed;
  if (wanted >= size && count != kTruncate) return kRange;
  const size_t room = wanted < size - 1 ? wanted : size - 1;
  const size_t written = mbstowcs(to, from, room);
  to[written] = 0;
  if (converted) *converted = written + 1;
  return written < wanted ? kTruncated : 0;
}

Error wcstombs_s(size_t* converted, char* to, size_t size, const Wide* from, size_t count) {
  if (converted) *converted = 0;
  if (to && size != 0) to[0] = 0;
  if (!from || (to && size == 0)) return kInvalid;
  const size_t needed = wcstombs(nullptr, from, 0);
  if (!to) return (converted ? *converted = needed + 1 : 0), 0;
  const size_t wanted = count < needed ? count : needed;
  if (wanted >= size && count != kTruncate) return kRange;
  const size_t room = wanted < size - 1 ? wanted : size - 1;
  const size_t written = wcstombs(to, from, room);
  to[written] = 0;
  if (converted) *converted = written + 1;
  return written < wanted ? kTruncated : 0;
}

}
