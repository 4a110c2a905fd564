// SPDX-License-Identifier: MIT
// scanf in Microsoft's dialect, over text in memory. Floating point is left to the caller's `parse_double`.
#ifndef RING3_CRT_SCAN_ENGINE_H
#define RING3_CRT_SCAN_ENGINE_H

#include <cstdarg>

#include "crt/text.h"

namespace ring3::crt {

// Returns the value at the head of `text` and where it ends; `text` itself when there is none.
using ParseDouble = double (*)(const char* text, const char** end);

enum class ScanSizes { None, AfterPointer };  // the *_s forms pass a size after each string's pointer

template <typename Char>
class Scanner {
 public:
  Scanner(const Char* text, ScanSizes sizes, ParseDouble parse_double)
      : start_(text), at_(text), sizes_(sizes), parse_double_(parse_double) {}

  int Run(const Char* format, va_list arguments) {
    va_copy(arguments_, arguments);
    int assigned = 0;
    bool going = true;
    while (going && *format) {
      if (IsSpace(*format)) {
        SkipSpace();
        ++format;
      } else if (*format != '%' || format[1] == '%') {
        if (*format == '%') {
          ++format;
          SkipSpace();
        }
        if (*at_ != *format) break;
        ++at_;
        ++format;
      } else {
        going = Convert(format, assigned);
      }
    }
    va_end(arguments_);
    return assigned == 0 && exhausted_ ? -1 : assigned;
  }

 private:
  enum class Size { Byte, Short, Int, LongLong };

  void SkipSpace() {
    while (IsSpace(*at_)) ++at_;
  }

  bool Convert(const Char*& format, int& assigned) {
    ++format;
    const bool suppressed = *format == '*';
    if (suppressed) ++format;
    size_t width = 0;
    while (*format >= '0' && *format <= '9') width = width * 10 + static_cast<size_t>(*format++ - '0');
    Size size = Size::Int;
    bool other = false;  // h, l, w before a string: of narrow, wide, wide characters
    bool wide = sizeof(Char) > 1;
    for (bool more = true; more;) {
      more = true;
      if (*format == 'h') {
        size = size == Size::Short ? Size::Byte : Size::Short;
        wide = false;
      } else if (*format == 'l' || *format == 'w') {
        if (format[1] == 'l') {
          size = Size::LongLong;
          ++format;
        }
        wide = true;
      } else if (*format == 'I' && format[1] == '6' && format[2] == '4') {
        size = Size::LongLong;
        format += 2;
      } else if (*format == 'I' && format[1] == '3' && format[2] == '2') {
        format += 2;
      } else if (*format == 'I' || *format == 'z' || *format == 'j' || *format == 't' || *format == 'L') {
        size = Size::LongLong;
      } else {
        more = false;
      }
      other |= more;
      if (more) ++format;
    }
    const Char conversion = *format++;
    if (conversion != 'c' && conversion != 'C' && conversion != '[' && conversion != 'n') SkipSpace();
    if (!*at_ && conversion != 'n') {
      exhausted_ = true;
      return false;
    }
    switch (conversion) {
      case 'd':
        return Integer(10, size, width, suppressed, assigned);
      case 'u':
        return Integer(10, size, width, suppressed, assigned);
      case 'i':
        return Integer(0, size, width, suppressed, assigned);
      case 'o':
        return Integer(8, size, width, suppressed, assigned);
      case 'x':
      case 'X':
        return Integer(16, size, width, suppressed, assigned);
      case 'p':
        return Integer(16, Size::LongLong, width, suppressed, assigned);
      case 'n':
        if (!suppressed) Store(size, static_cast<uint64_t>(at_ - start_));
        return true;
      case 'e':
      case 'f':
      case 'g':
      case 'E':
      case 'G':
        return Floating(other && size != Size::Short, suppressed, assigned);
      case 'C':
      case 'S':
        wide = !(sizeof(Char) > 1);
        [[fallthrough]];
      case 'c':
      case 's': {
        const bool text = conversion == 's' || conversion == 'S';
        return Text(text ? Until::Space : Until::Count, width, wide, suppressed, assigned, nullptr, nullptr);
      }
      case '[': {
        const Char* const set = format;
        if (*format == '^') ++format;
        if (*format == ']') ++format;
        while (*format && *format != ']') ++format;
        const Char* const set_end = format;
        if (*format) ++format;
        return Text(Until::Set, width, wide, suppressed, assigned, set, set_end);
      }
      default:
        return false;
    }
  }

  void Store(Size size, uint64_t value) {
    void* const to = va_arg(arguments_, void*);
    switch (size) {
      case Size::Byte:
        *static_cast<uint8_t*>(to) = static_cast<uint8_t>(value);
        break;
      case Size::Short:
        *static_cast<uint16_t*>(to) = static_cast<uint16_t>(value);
        break;
      case Size::Int:
        *static_cast<uint32_t*>(to) = static_cast<uint32_t>(value);
        break;
      case Size::LongLong:
        *static_cast<uint64_t*>(to) = value;
        break;
    }
  }

  bool Integer(int base, Size size, size_t width, bool suppressed, int& assigned) {
    Char copy[80];
    const size_t limit = width != 0 && width < 79 ? width : 79;
    size_t length = 0;
    for (; length < limit && at_[length] && !IsSpace(at_[length]); ++length) copy[length] = at_[length];
    copy[length] = 0;
    Char* end;
    const ParsedInteger parsed = ParseInteger(copy, &end, base);
    if (end == copy) return false;
    at_ += end - copy;
    if (suppressed) return true;
    Store(size, parsed.negative ? 0 - parsed.magnitude : parsed.magnitude);
    ++assigned;
    return true;
  }

  bool Floating(bool is_double, bool suppressed, int& assigned) {
    if (!parse_double_) return false;
    char copy[128];
    size_t length = 0;
    for (; length < sizeof(copy) - 1 && at_[length] && at_[length] < 0x80 && !IsSpace(at_[length]);
         ++length) {
      copy[length] = static_cast<char>(at_[length]);
    }
    copy[length] = 0;
    const char* end;
    const double value = parse_double_(copy, &end);
    if (end == copy) return false;
    at_ += end - copy;
    if (suppressed) return true;
    void* const to = va_arg(arguments_, void*);
    if (is_double) {
      *static_cast<double*>(to) = value;
    } else {
      *static_cast<float*>(to) = static_cast<float>(value);
    }
    ++assigned;
    return true;
  }

  enum class Until { Space, Count, Set };

  static bool InSet(Char c, const Char* set, const Char* end) {
    const bool inverted = *set == '^';
    if (inverted) ++set;
    bool found = false;
    for (const Char* at = set; at < end; ++at) {
      if (at + 2 < end && at[1] == '-') {
        found |= c >= at[0] && c <= at[2];
        at += 2;
      } else {
        found |= c == *at;
      }
    }
    return found != inverted;
  }

  bool Text(Until until, size_t width, bool wide, bool suppressed, int& assigned, const Char* set,
            const Char* set_end) {
    size_t limit = width != 0 ? width : until == Until::Count ? 1 : SIZE_MAX;
    void* to = nullptr;
    size_t room = SIZE_MAX;
    if (!suppressed) {
      to = va_arg(arguments_, void*);
      if (sizes_ == ScanSizes::AfterPointer) room = va_arg(arguments_, unsigned);
    }
    const size_t terminator = until == Until::Count ? 0 : 1;
    size_t length = 0;
    for (; length < limit && at_[length]; ++length) {
      const Char c = at_[length];
      if (until == Until::Space && IsSpace(c)) break;
      if (until == Until::Set && !InSet(c, set, set_end)) break;
      if (to && length + terminator >= room) {
        Put(to, 0, wide, 0);
        return false;
      }
      if (to) Put(to, length, wide, static_cast<unsigned>(c));
    }
    if (length == 0 || (until == Until::Count && length < limit)) return false;
    if (to && terminator) Put(to, length, wide, 0);
    at_ += length;
    if (!suppressed) ++assigned;
    return true;
  }

  static void Put(void* to, size_t index, bool wide, unsigned c) {
    if (wide) {
      static_cast<wchar_t*>(to)[index] = static_cast<wchar_t>(c);
    } else {
      static_cast<char*>(to)[index] = static_cast<char>(c);
    }
  }

  const Char* const start_;
  const Char* at_;
  ScanSizes sizes_;
  ParseDouble parse_double_;
  va_list arguments_;
  bool exhausted_ = false;
};

}  // namespace ring3::crt

#endif
