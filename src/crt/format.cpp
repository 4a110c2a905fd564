// SPDX-License-Identifier: MIT
// The printf family into buffers, over the engine that DbgPrint uses.
#include <cstdarg>

#include "crt/text.h"
#include "rtl/format_engine.h"

using namespace ring3::crt;
using ring3::format::FormatToBuffer;
using Wide = wchar_t;

namespace {

constexpr size_t kUnlimited = 0x7fffffff;

// sprintf: the caller vouches for the room.
template <typename Char>
int FormatUnlimited(Char* to, const Char* format, va_list arguments) {
  const size_t length = FormatToBuffer(to, kUnlimited, format, arguments);
  to[length] = 0;
  return static_cast<int>(length);
}

// C's snprintf: terminated, and the length that would have been.
template <typename Char>
size_t FormatTerminated(Char* to, size_t size, const Char* format, va_list arguments) {
  const size_t length = FormatToBuffer(to, size == 0 ? 0 : size - 1, format, arguments);
  if (size != 0) to[length < size ? length : size - 1] = 0;
  return length;
}

// Microsoft's _snprintf: a terminator where there is room.
template <typename Char>
int FormatCounted(Char* to, size_t count, const Char* format, va_list arguments) {
  const size_t length = FormatToBuffer(to, to ? count : 0, format, arguments);
  if (!to) return static_cast<int>(length);
  if (length < count) to[length] = 0;
  return length > count ? -1 : static_cast<int>(length);
}

// The *_s forms. `count` is kTruncate, or the most characters to store.
template <typename Char>
int FormatChecked(Char* to, size_t size, size_t count, const Char* format, va_list arguments) {
  if (!to || size == 0 || !format) return -1;
  const size_t room = count < size - 1 ? count : size - 1;
  const size_t length = FormatToBuffer(to, room, format, arguments);
  if (length <= room) {
    to[length] = 0;
    return static_cast<int>(length);
  }
  to[count == kTruncate || count < size ? room : 0] = 0;
  return -1;
}

template <typename Char>
int Measure(const Char* format, va_list arguments) {
  return static_cast<int>(FormatToBuffer(static_cast<Char*>(nullptr), 0, format, arguments));
}

}  // namespace

// The variable arguments of a routine, as one expression.
#define RING3_FORWARD(last, call) \
  va_list arguments;              \
  va_start(arguments, last);      \
  const int result = call;        \
  va_end(arguments);              \
  return result

extern "C" {

int vsprintf(char* to, const char* format, va_list arguments) {
  return FormatUnlimited(to, format, arguments);
}
int sprintf(char* to, const char* format, ...) {
  RING3_FORWARD(format, FormatUnlimited(to, format, arguments));
}
int vsnprintf(char* to, size_t size, const char* format, va_list arguments) {
  return static_cast<int>(FormatTerminated(to, size, format, arguments));
}
int snprintf(char* to, size_t size, const char* format, ...) {
  RING3_FORWARD(format, vsnprintf(to, size, format, arguments));
}
int _vsnprintf(char* to, size_t count, const char* format, va_list arguments) {
  return FormatCounted(to, count, format, arguments);
}
int _snprintf(char* to, size_t count, const char* format, ...) {
  RING3_FORWARD(format, _vsnprintf(to, count, format, arguments));
}
int vsprintf_s(char* to, size_t size, const char* format, va_list arguments) {
  return FormatChecked(to, size, size, format, arguments);
}
int sprintf_s(char* to, size_t size, const char* format, ...) {
  RING3_FORWARD(format, vsprintf_s(to, size, format, arguments));
}
int _vsnprintf_s(char* to, size_t size, size_t count, const char* format, va_list arguments) {
  return FormatChecked(to, size, count, format, arguments);
}
int _snprintf_s(char* to, size_t size, size_t count, const char* format, ...) {
  RING3_FORWARD(format, _vsnprintf_s(to, size, count, format, arguments));
}
int _vscprintf(const char* format, va_list arguments) {
  return Measure(format, arguments);
}
int _scprintf(const char* format, ...) {
  RING3_FORWARD(format, Measure(format, arguments));
}

int _vswprintf(Wide* to, const Wide* format, va_list arguments) {
  return FormatUnlimited(to, format, arguments);
}
int _swprintf(Wide* to, const Wide* format, ...) {
  RING3_FORWARD(format, FormatUnlimited(to, format, arguments));
}
int vswprintf(Wide* to, size_t size, const Wide* format, va_list arguments) {
  const size_t length = FormatTerminated(to, size, format, arguments);
  return length < size ? static_cast<int>(length) : -1;
}
int swprintf(Wide* to, size_t size, const Wide* format, ...) {
  RING3_FORWARD(format, vswprintf(to, size, format, arguments));
}
int _vsnwprintf(Wide* to, size_t count, const Wide* format, va_list arguments) {
  return FormatCounted(to, count, format, arguments);
}
int _snwprintf(Wide* to, size_t count, const Wide* format, ...) {
  RING3_FORWARD(format, _vsnwprintf(to, count, format, arguments));
}
int vswprintf_s(Wide* to, size_t size, const Wide* format, va_list arguments) {
  return FormatChecked(to, size, size, format, arguments);
}
int swprintf_s(Wide* to, size_t size, const Wide* format, ...) {
  RING3_FORWARD(format, vswprintf_s(to, size, format, arguments));
}
int _vsnwprintf_s(Wide* to, size_t size, size_t count, const Wide* format, va_list arguments) {
  return FormatChecked(to, size, count, format, arguments);
}
int _snwprintf_s(Wide* to, size_t size, size_t count, const Wide* format, ...) {
  RING3_FORWARD(format, _vsnwprintf_s(to, size, count, format, arguments));
}
int _vscwprintf(const Wide* format, va_list arguments) {
  return Measure(format, arguments);
}
int _scwprintf(const Wide* format, ...) {
  RING3_FORWARD(format, Measure(format, arguments));
}
}
