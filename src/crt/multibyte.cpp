// SPDX-License-Identifier: MIT
// Between char and wchar_t. The code page of char is UTF-8.
#include "crt/text.h"
#include "rtl/unicode.h"

using namespace ring3::crt;
using Wide = wchar_t;

namespace {

// Converts whole characters while they fit into `room` units; counts only when `to` is null.
size_t Widen(const char* from, Wide* to, size_t room) {
  size_t written = 0;
  for (const char* const end = from + Length(from); from != end;) {
    Wide units[2];
    const size_t count = ring3::rtl::EncodeUtf16(ring3::rtl::DecodeUtf8(from, end).code_point, units);
    if (to && count > room - written) break;
    for (size_t i = 0; to && i < count; ++i) to[written + i] = units[i];
    written += count;
  }
  return written;
}

size_t Narrow(const Wide* from, char* to, size_t room) {
  size_t written = 0;
  for (const Wide* const end = from + Length(from); from != end;) {
    char bytes[4];
    const size_t count = ring3::rtl::EncodeUtf8(ring3::rtl::DecodeUtf16(from, end).code_point, bytes);
    if (to && count > room - written) break;
    for (size_t i = 0; to && i < count; ++i) to[written + i] = bytes[i];
    written += count;
  }
  return written;
}

template <typename To, typename From, typename Convert>
Error ConvertChecked(size_t* converted, To* to, size_t size, const From* from, size_t count,
                     Convert convert) {
  if (converted) *converted = 0;
  if (to && size != 0) to[0] = 0;
  if (!from || (to && size == 0)) return kInvalid;
  const size_t needed = convert(from, nullptr, 0);
  if (!to) {
    if (converted) *converted = needed + 1;
    return 0;
  }
  const size_t wanted = count < needed ? count : needed;
  if (wanted >= size && count != kTruncate) return kRange;
  const size_t written = convert(from, to, wanted < size - 1 ? wanted : size - 1);
  to[written] = 0;
  if (converted) *converted = written + 1;
  return written < wanted ? kTruncated : 0;
}

}  // namespace

extern "C" {

size_t mbstowcs(Wide* to, const char* from, size_t count) {
  const size_t written = Widen(from, to, count);
  if (to && written < count) to[written] = 0;
  return written;
}

size_t wcstombs(char* to, const Wide* from, size_t count) {
  const size_t written = Narrow(from, to, count);
  if (to && written < count) to[written] = 0;
  return written;
}

int mbtowc(Wide* to, const char* from, size_t count) {
  if (!from) return 0;
  const char* at = from;
  const char* const end = from + Length(from, count);
  if (at == end) {
    if (count == 0) return -1;
    if (to) *to = 0;
    return 0;
  }
  Wide units[2];
  ring3::rtl::EncodeUtf16(ring3::rtl::DecodeUtf8(at, end).code_point, units);
  if (to) *to = units[0];
  return static_cast<int>(at - from);
}

int wctomb(char* to, Wide c) {
  return to ? static_cast<int>(ring3::rtl::EncodeUtf8(static_cast<uint16_t>(c), to)) : 0;
}

Error mbstowcs_s(size_t* converted, Wide* to, size_t size, const char* from, size_t count) {
  return ConvertChecked(converted, to, size, from, count, Widen);
}

Error wcstombs_s(size_t* converted, char* to, size_t size, const Wide* from, size_t count) {
  return ConvertChecked(converted, to, size, from, count, Narrow);
}
}
