// SPDX-License-Identifier: MIT
// printf and wprintf to streams, in Microsoft's dialect. Wide text goes out as UTF-8.
#include <cstdarg>

#include "crt/app/stream.h"
#include "rtl/format_engine.h"
#include "rtl/unicode.h"

using ring3::format::Sink;
using Wide = wchar_t;

namespace {

void WriteNarrow(void* file, const char* text, size_t count) {
  fwrite(text, 1, count, static_cast<File*>(file));
}

struct WideOutput {
  File* file;
  Wide pending;  // a high surrogate whose other half is still to come
};

void WriteWide(void* context, const Wide* text, size_t count) {
  auto* const output = static_cast<WideOutput*>(context);
  for (size_t i = 0; i < count; ++i) {
    Wide units[2] = {text[i], 0};
    size_t unit_count = 1;
    if (output->pending) {
      units[0] = output->pending;
      units[1] = text[i];
      unit_count = 2;
      output->pending = 0;
    } else if (text[i] >= 0xD800 && text[i] < 0xDC00) {
      output->pending = text[i];
      continue;
    }
    for (const Wide *at = units, *const end = units + unit_count; at != end;) {
      char bytes[4];
      fwrite(bytes, 1, ring3::rtl::EncodeUtf8(ring3::rtl::DecodeUtf16(at, end).code_point, bytes),
             output->file);
    }
  }
}

int Print(File* file, const char* format, va_list arguments) {
  flockfile(file);
  const size_t length = ring3::format::Format(Sink<char>{WriteNarrow, file}, format, arguments);
  funlockfile(file);
  return static_cast<int>(length);
}

int Print(File* file, const Wide* format, va_list arguments) {
  WideOutput output{file, 0};
  flockfile(file);
  const size_t length = ring3::format::Format(Sink<Wide>{WriteWide, &output}, format, arguments);
  funlockfile(file);
  return static_cast<int>(length);
}

void PutWide(File* file, const Wide* text) {
  WideOutput output{file, 0};
  size_t length = 0;
  while (text[length]) ++length;
  WriteWide(&output, text, length);
}

}  // namespace

#define RING3_PRINT(file)                            \
  va_list arguments;                                 \
  va_start(arguments, format);                       \
  const int result = Print(file, format, arguments); \
  va_end(arguments);                                 \
  return result

extern "C" {

int printf(const char* format, ...) {
  RING3_PRINT(stdout);
}
int printf_s(const char* format, ...) {
  RING3_PRINT(stdout);
}
int fprintf(File* file, const char* format, ...) {
  RING3_PRINT(file);
}
int fprintf_s(File* file, const char* format, ...) {
  RING3_PRINT(file);
}
int vprintf(const char* format, va_list arguments) {
  return Print(stdout, format, arguments);
}
int vfprintf(File* file, const char* format, va_list arguments) {
  return Print(file, format, arguments);
}
int vfprintf_s(File* file, const char* format, va_list arguments) {
  return Print(file, format, arguments);
}
int wprintf(const Wide* format, ...) {
  RING3_PRINT(stdout);
}
int wprintf_s(const Wide* format, ...) {
  RING3_PRINT(stdout);
}
int fwprintf(File* file, const Wide* format, ...) {
  RING3_PRINT(file);
}
int fwprintf_s(File* file, const Wide* format, ...) {
  RING3_PRINT(file);
}
int vwprintf(const Wide* format, va_list arguments) {
  return Print(stdout, format, arguments);
}
int vfwprintf(File* file, const Wide* format, va_list arguments) {
  return Print(file, format, arguments);
}

int fputws(const Wide* text, File* file) {
  PutWide(file, text);
  return 0;
}
int _putws(const Wide* text) {
  PutWide(stdout, text);
  fputc('\n', stdout);
  return 0;
}
unsigned fputwc(Wide c, File* file) {
  const Wide text[2] = {c, 0};
  PutWide(file, text);
  return c;
}
unsigned putwc(Wide c, File* file) {
  return fputwc(c, file);
}
unsigned putwchar(Wide c) {
  return fputwc(c, stdout);
}
}
