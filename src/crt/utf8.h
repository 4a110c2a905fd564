// SPDX-License-Identifier: MIT
#ifndef RING3_CRT_UTF8_H
#define RING3_CRT_UTF8_H

#include <cstddef>
#include <cstdint>

namespace ring3::crt {

struct Utf16Units {
  size_t byte_count, unit_count;
};

// One character at the head of a terminated string. A byte that begins no valid sequence stands for itself.
inline Utf16Units DecodeUtf8(const char* from, wchar_t (&to)[2]) {
  const auto byte = [&](size_t i) { return static_cast<unsigned char>(from[i]); };
  const unsigned lead = byte(0);
  const size_t length = lead < 0x80 ? 1 : lead >= 0xC2 && lead < 0xE0 ? 2 : (lead & 0xF0) == 0xE0 ? 3 : lead >= 0xF0 && lead < 0xF5 ? 4 : 0;
  uint32_t code = length < 2 ? lead : lead & (0x7Fu >> length);
  for (size_t i = 1; i < length; ++i) {
    if ((byte(i) & 0xC0) != 0x80) {
      to[0] = static_cast<wchar_t>(lead);
      return {1, 1};
    }
    code = code << 6 | (byte(i) & 0x3F);
  }
  if (code < 0x10000) {
    to[0] = static_cast<wchar_t>(code);
    return {length == 0 ? 1 : length, 1};
  }
  to[0] = static_cast<wchar_t>(0xD800 + ((code - 0x10000) >> 10));
  to[1] = static_cast<wchar_t>(0xDC00 + ((code - 0x10000) & 0x3FF));
  return {length, 2};
}

struct Utf8Bytes {
  size_t unit_count, byte_count;
};

// One character at the head of a terminated string. A lone surrogate is encoded as it is.
inline Utf8Bytes EncodeUtf8(const wchar_t* from, char* to) {
  uint32_t code = static_cast<uint16_t>(from[0]);
  size_t units = 1;
  if (code >= 0xD800 && code < 0xDC00 && static_cast<uint16_t>(from[1]) >= 0xDC00 && static_cast<uint16_t>(from[1]) < 0xE000) {
    code = 0x10000 + ((code - 0xD800) << 10) + (static_cast<uint16_t>(from[1]) - 0xDC00);
    units = 2;
  }
  size_t count = 0;
  const auto append = [&](uint32_t c) { to[count++] = static_cast<char>(c); };
  if (code < 0x80) {
    append(code);
  } else if (code < 0x800) {
    append(0xC0 | code >> 6);
    append(0x80 | (code & 0x3F));
  } else if (code < 0x10000) {
    append(0xE0 | code >> 12);
    append(0x80 | (code >> 6 & 0x3F));
    append(0x80 | (code & 0x3F));
  } else {
    append(0xF0 | code >> 18);
    append(0x80 | (code >> 12 & 0x3F));
    append(0x80 | (code >> 6 & 0x3F));
    append(0x80 | (code & 0x3F));
  }
  return {units, count};
}

}  // namespace ring3::crt

#endif
