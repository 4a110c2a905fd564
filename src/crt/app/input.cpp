// SPDX-License-Identifier: MIT
// scanf and wide input from streams. The input is UTF-8.
#include <cstdarg>

#include "crt/app/stream.h"
#include "crt/scan_engine.h"
#include "rtl/unicode.h"

using namespace ring3::crt;
using Wide = wchar_t;

extern "C" {
double strtod(const char* text, char** end);
size_t mbstowcs(Wide* to, const char* from, size_t count);
}

namespace {

double ParseWithLibc(const char* text, const char** end) {
  return strtod(text, const_cast<char**>(end));
}

constexpr int kLineSize = 4096;

// A console program reads lines: leading empty ones are skipped, as white space is.
const char* ReadScanLine(File* file, char (&line)[kLineSize]) {
  fflush(stdout);
  while (fgets(line, kLineSize, file)) {
    const char* at = line;
    while (IsSpace(*at)) ++at;
    if (*at) return line;
  }
  return nullptr;
}

int ScanLine(File* file, ScanSizes sizes, const char* format, va_list arguments) {
  char line[kLineSize];
  const char* const text = ReadScanLine(file, line);
  return text ? Scanner<char>(text, sizes, ParseWithLibc).Run(format, arguments) : -1;
}

int ScanLine(File* file, ScanSizes sizes, const Wide* format, va_list arguments) {
  char line[kLineSize];
  Wide wide[kLineSize];
  const char* const text = ReadScanLine(file, line);
  if (!text) return -1;
  mbstowcs(wide, text, kLineSize);
  return Scanner<Wide>(wide, sizes, ParseWithLibc).Run(format, arguments);
}

}  // namespace

#define RING3_SCAN(file, sizes)                                \
  va_list arguments;                                           \
  va_start(arguments, format);                                 \
  const int result = ScanLine(file, sizes, format, arguments); \
  va_end(arguments);                                           \
  return result

extern "C" {

int scanf_s(const char* format, ...) {
  RING3_SCAN(stdin, ScanSizes::AfterPointer);
}
int scanf(const char* format, ...) {
  RING3_SCAN(stdin, ScanSizes::None);
}
int __isoc99_scanf(const char* format, ...) {
  RING3_SCAN(stdin, ScanSizes::None);
}
int wscanf(const Wide* format, ...) {
  RING3_SCAN(stdin, ScanSizes::None);
}
int __isoc99_wscanf(const Wide* format, ...) {
  RING3_SCAN(stdin, ScanSizes::None);
}
int wscanf_s(const Wide* format, ...) {
  RING3_SCAN(stdin, ScanSizes::AfterPointer);
}

Wide* fgetws(Wide* to, int size, File* file) {
  int length = 0;
  while (length + 1 < size) {
    char bytes[5] = {};
    const int first = fgetc(file);
    if (first < 0) break;
    bytes[0] = static_cast<char>(first);
    const int trailing = first >= 0xF0 ? 3 : first >= 0xE0 ? 2 : first >= 0xC0 ? 1 : 0;
    for (int i = 1; i <= trailing; ++i) bytes[i] = static_cast<char>(fgetc(file));
    const char* at = bytes;
    Wide units[2];
    const size_t count =
        ring3::rtl::EncodeUtf16(ring3::rtl::DecodeUtf8(at, bytes + 1 + trailing).code_point, units);
    for (size_t i = 0; i < count && length + 1 < size; ++i) to[length++] = units[i];
    if (first == '\n') break;
  }
  if (length == 0) return nullptr;
  to[length] = 0;
  return to;
}

char* gets_s(char* to, size_t size) {
  if (!to || size == 0 || !fgets(to, static_cast<int>(size), stdin)) return nullptr;
  const size_t length = Length(to);
  if (length != 0 && to[length - 1] == '\n') to[length - 1] = 0;
  return to;
}
}
