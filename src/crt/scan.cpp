// SPDX-License-Identifier: MIT
#include "crt/scan_engine.h"

using namespace ring3::crt;
using Wide = wchar_t;

namespace {

#ifdef RING3_CRT_APPLICATION
extern "C" double strtod(const char* text, char** end);
double ParseWithLibc(const char* text, const char** end) {
  return strtod(text, const_cast<char**>(end));
}
constexpr ParseDouble kParseDouble = ParseWithLibc;
#else
constexpr ParseDouble kParseDouble = nullptr;  // the kernel's has no floating point either
#endif

template <typename Char>
int Scan(const Char* text, ScanSizes sizes, const Char* format, va_list arguments) {
  return Scanner<Char>(text, sizes, kParseDouble).Run(format, arguments);
}

}  // namespace

#define RING3_SCAN(sizes)                                  \
  va_list arguments;                                       \
  va_start(arguments, format);                             \
  const int result = Scan(text, sizes, format, arguments); \
  va_end(arguments);                                       \
  return result

extern "C" {

int sscanf(const char* text, const char* format, ...) {
  RING3_SCAN(ScanSizes::None);
}
int sscanf_s(const char* text, const char* format, ...) {
  RING3_SCAN(ScanSizes::AfterPointer);
}
int swscanf(const Wide* text, const Wide* format, ...) {
  RING3_SCAN(ScanSizes::None);
}
int swscanf_s(const Wide* text, const Wide* format, ...) {
  RING3_SCAN(ScanSizes::AfterPointer);
}
int vsscanf(const char* text, const char* format, va_list arguments) {
  return Scan(text, ScanSizes::None, format, arguments);
}
int vswscanf(const Wide* text, const Wide* format, va_list arguments) {
  return Scan(text, ScanSizes::None, format, arguments);
}
// The names that glibc's headers redirect to.
int __isoc99_sscanf(const char* text, const char* format, ...) {
  RING3_SCAN(ScanSizes::None);
}
int __isoc99_swscanf(const Wide* text, const Wide* format, ...) {
  RING3_SCAN(ScanSizes::None);
}
int __isoc23_sscanf(const char* text, const char* format, ...) {
  RING3_SCAN(ScanSizes::None);
}
}
