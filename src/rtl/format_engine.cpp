// SPDX-License-Identifier: MIT
#include "rtl/format_engine.h"

#include <stdint.h>

#include "rtl/format_float.h"
#include "rtl/unicode.h"

namespace ring3::format {
namespace {

// The layout of ANSI_STRING and UNICODE_STRING, without the headers that applications do not have.
struct CountedString {
  unsigned short byte_length;
  unsigned short maximum_byte_length;
  const void* buffer;
};

enum class Size { kDefault, kChar, kShort, kLong, kLongLong, k32, k64, kPointer, kWide, kLongDouble };

struct Spec {
  bool left = false;
  bool plus = false;
  bool space = false;
  bool alternate = false;
  bool zero = false;
  size_t width = 0;
  int precision = -1;  // -1: not given
  Size size = Size::kDefault;
};

struct Arguments {
  va_list list;
};

template <typename Unit>
class Formatter {
 public:
  explicit Formatter(Sink<Unit> sink) : sink_(sink) {}

  size_t Run(const Unit* format, Arguments& args) {
    for (;;) {
      const Unit* run = format;
      while (*format && *format != '%') ++format;
      Write(run, static_cast<size_t>(format - run));
      if (!*format) return written_;
      ++format;
      Spec spec;
      format = ParseSpec(format, spec, args);
      if (!*format) return written_;
      Convert(*format++, spec, args);
    }
  }

 private:
  static constexpr bool kWideOutput = sizeof(Unit) == 2;

  void Write(const Unit* units, size_t count) {
    if (!count) return;
    sink_.write(sink_.context, units, count);
    written_ += count;
  }
  void Fill(char c, size_t count) {
    Unit units[32];
    for (Unit& u : units) u = static_cast<Unit>(c);
    for (; count > 32; count -= 32) Write(units, 32);
    Write(units, count);
  }
  void WriteAscii(const char* s, size_t count) {
    for (size_t i = 0; i < count; ++i) {
      Unit u = static_cast<Unit>(s[i]);
      Write(&u, 1);
    }
  }

  // From behind the '%' to the conversion letter.
  const Unit* ParseSpec(const Unit* f, Spec& spec, Arguments& args) {
    for (;; ++f) {
      if (*f == '-')
        spec.left = true;
      else if (*f == '+')
        spec.plus = true;
      else if (*f == ' ')
        spec.space = true;
      else if (*f == '#')
        spec.alternate = true;
      else if (*f == '0')
        spec.zero = true;
      else
        break;
    }
    if (*f == '*') {
      int width = va_arg(args.list, int);
      spec.left = spec.left || width < 0;
      spec.width = static_cast<size_t>(width < 0 ? -static_cast<int64_t>(width) : width);
      ++f;
    } else {
      spec.width = ParseNumber(f);
    }
    if (*f == '.') {
      ++f;
      if (*f == '*') {
        spec.precision = va_arg(args.list, int);
        if (spec.precision < 0) spec.precision = -1;
        ++f;
      } else {
        spec.precision = static_cast<int>(ParseNumber(f));
      }
    }
    return ParseSize(f, spec.size);
  }

  static size_t ParseNumber(const Unit*& f) {
    size_t n = 0;
    for (; *f >= '0' && *f <= '9'; ++f) {
      if (n < 100'000'000) n = n * 10 + static_cast<size_t>(*f - '0');
    }
    return n;
  }

  static const Unit* ParseSize(const Unit* f, Size& size) {
    for (;; ++f) {
      switch (*f) {
        case 'h':
          size = size == Size::kShort ? Size::kChar : Size::kShort;
          continue;
        case 'l':
          size = size == Size::kLong ? Size::kLongLong : Size::kLong;
          continue;
        case 'L':
          size = Size::kLongDouble;
          continue;
        case 'w':
          size = Size::kWide;
          continue;
        case 'j':
          size = Size::k64;
          continue;
        case 'z':
        case 't':
          size = Size::kPointer;
          continue;
        case 'I':
          if (f[1] == '6' && f[2] == '4')
            size = Size::k64, f += 2;
          else if (f[1] == '3' && f[2] == '2')
            size = Size::k32, f += 2;
          else
            size = Size::kPointer;
          continue;
        default:
          return f;
      }
    }
  }

  void Convert(Unit conversion, const Spec& spec, Arguments& args) {
    switch (conversion) {
      case 'd':
      case 'i':
        return Signed(spec, args);
      case 'u':
        return Unsigned(spec, NextUnsigned(spec.size, args), 10, false);
      case 'o':
        return Unsigned(spec, NextUnsigned(spec.size, args), 8, false);
      case 'x':
        return Unsigned(spec, NextUnsigned(spec.size, args), 16, false);
      case 'X':
        return Unsigned(spec, NextUnsigned(spec.size, args), 16, true);
      case 'p': {
        Spec pointer = spec;
        pointer.precision = 16;
        pointer.alternate = false;
        return Unsigned(pointer, reinterpret_cast<uintptr_t>(va_arg(args.list, void*)), 16, true);
      }
      case 'c':
        return Character(spec, IsWide(spec.size, kWideOutput), args);
      case 'C':
        return Character(spec, IsWide(spec.size, !kWideOutput), args);
      case 's':
        return String(spec, IsWide(spec.size, kWideOutput), args);
      case 'S':
        return String(spec, IsWide(spec.size, !kWideOutput), args);
      case 'Z':
        return Counted(spec, IsWide(spec.size, false), args);
      case 'n':
        (void)va_arg(args.list, void*);
        return;
      case 'e':
      case 'E':
      case 'f':
      case 'F':
      case 'g':
      case 'G':
      case 'a':
      case 'A': {
        double value = spec.size == Size::kLongDouble ? static_cast<double>(va_arg(args.list, long double))
                                                      : va_arg(args.list, double);
        return Float(spec, static_cast<char>(conversion), value);
      }
      // Anything else, '%' above all, stands for itself.
      default:
        return Write(&conversion, 1);
    }
  }

  static bool IsWide(Size size, bool otherwise) {
    if (size == Size::kLong || size == Size::kWide || size == Size::kLongLong) return true;
    if (size == Size::kShort || size == Size::kChar) return false;
    return otherwise;
  }

  static uint64_t NextUnsigned(Size size, Arguments& args) {
    switch (size) {
      case Size::k64:
      case Size::kLongLong:
      case Size::kPointer:
        return va_arg(args.list, uint64_t);
      case Size::kShort:
        return static_cast<uint16_t>(va_arg(args.list, unsigned));
      case Size::kChar:
        return static_cast<uint8_t>(va_arg(args.list, unsigned));
      default:
        return va_arg(args.list, uint32_t);
    }
  }

  static int64_t NextSigned(Size size, Arguments& args) {
    switch (size) {
      case Size::k64:
      case Size::kLongLong:
      case Size::kPointer:
        return va_arg(args.list, int64_t);
      case Size::kShort:
        return static_cast<int16_t>(va_arg(args.list, int));
      case Size::kChar:
        return static_cast<int8_t>(va_arg(args.list, int));
      default:
        return va_arg(args.list, int32_t);
    }
  }

  static const char* SignOf(const Spec& spec, bool negative) {
    return negative ? "-" : spec.plus ? "+" : spec.space ? " " : "";
  }

  void Signed(const Spec& spec, Arguments& args) {
    int64_t v = NextSigned(spec.size, args);
    uint64_t magnitude = v < 0 ? 0 - static_cast<uint64_t>(v) : static_cast<uint64_t>(v);
    Integer(spec, magnitude, 10, false, SignOf(spec, v < 0));
  }

  void Unsigned(const Spec& spec, uint64_t v, unsigned base, bool upper) {
    const char* prefix = "";
    if (spec.alternate && base == 16 && v) prefix = upper ? "0X" : "0x";
    Integer(spec, v, base, upper, prefix);
  }

  void Integer(const Spec& spec, uint64_t v, unsigned base, bool upper, const char* prefix) {
    char digits[24];
    char* end = digits + sizeof(digits);
    char* p = end;
    const char* alphabet = upper ? "0123456789ABCDEF" : "0123456789abcdef";
    for (; v; v /= base) *--p = alphabet[v % base];
    if (base == 8 && spec.alternate) *--p = '0';
    size_t count = static_cast<size_t>(end - p);
    size_t least = spec.precision < 0 ? 1 : static_cast<size_t>(spec.precision);
    size_t zeros = count < least ? least - count : 0;
    size_t total = __builtin_strlen(prefix) + zeros + count;
    if (spec.zero && !spec.left && spec.precision < 0 && total < spec.width) {
      zeros += spec.width - total;
      total = spec.width;
    }
    Number(spec, prefix, zeros, p, count, total);
  }

  void Number(const Spec& spec, const char* prefix, size_t zeros, const char* body, size_t count,
              size_t total) {
    size_t padding = spec.width > total ? spec.width - total : 0;
    if (!spec.left) Fill(' ', padding);
    WriteAscii(prefix, __builtin_strlen(prefix));
    Fill('0', zeros);
    WriteAscii(body, count);
    if (spec.left) Fill(' ', padding);
  }

  void Character(const Spec& spec, bool wide, Arguments& args) {
    int value = va_arg(args.list, int);
    Spec one = spec;
    one.precision = -1;
    if (wide) {
      wchar_t c = static_cast<wchar_t>(value);
      Text(one, &c, 1);
    } else {
      char c = static_cast<char>(value);
      Text(one, &c, 1);
    }
  }

  void String(const Spec& spec, bool wide, Arguments& args) {
    const void* s = va_arg(args.list, const void*);
    if (!s) return Text(spec, "(null)", 6);
    if (wide)
      TerminatedText(spec, static_cast<const wchar_t*>(s));
    else
      TerminatedText(spec, static_cast<const char*>(s));
  }

  template <typename From>
  void TerminatedText(const Spec& spec, const From* s) {
    // With a precision the string need not be terminated.
    size_t limit = spec.precision < 0 ? SIZE_MAX : static_cast<size_t>(spec.precision);
    size_t count = 0;
    while (count < limit && s[count]) ++count;
    Text(spec, s, count);
  }

  void Counted(const Spec& spec, bool wide, Arguments& args) {
    const auto* s = va_arg(args.list, const CountedString*);
    if (!s || !s->buffer) return Text(spec, "(null)", 6);
    if (wide)
      Text(spec, static_cast<const wchar_t*>(s->buffer), s->byte_length / sizeof(wchar_t));
    else
      Text(spec, static_cast<const char*>(s->buffer), s->byte_length);
  }

  // `precision` limits the characters read; the width counts units written.
  template <typename From>
  void Text(const Spec& spec, const From* s, size_t count) {
    if (spec.precision >= 0 && count > static_cast<size_t>(spec.precision))
      count = static_cast<size_t>(spec.precision);
    size_t units = Transcode(s, count, false);
    size_t padding = spec.width > units ? spec.width - units : 0;
    if (!spec.left) Fill(spec.zero ? '0' : ' ', padding);
    Transcode(s, count, true);
    if (spec.left) Fill(' ', padding);
  }

  template <typename From>
  size_t Transcode(const From* s, size_t count, bool write) {
    if constexpr (sizeof(From) == sizeof(Unit)) {
      if (write) Write(s, count);
      return count;
    } else {
      size_t units = 0;
      const From* end = s + count;
      while (s != end) {
        Unit out[4];
        size_t n;
        if constexpr (kWideOutput)
          n = rtl::EncodeUtf16(rtl::DecodeUtf8(s, end).code_point, out);
        else
          n = rtl::EncodeUtf8(rtl::DecodeUtf16(s, end).code_point, out);
        if (write) Write(out, n);
        units += n;
      }
      return units;
    }
  }

  void Float(const Spec& spec, char conversion, double value) {
    bool upper = conversion < 'a';
    char kind = static_cast<char>(conversion | 0x20);
    const char* sign = SignOf(spec, __builtin_signbit(value));
    if (__builtin_isnan(value) || __builtin_isinf(value)) {
      const char* name = __builtin_isnan(value) ? (upper ? "NAN" : "nan") : (upper ? "INF" : "inf");
      return Number(spec, sign, 0, name, 3, __builtin_strlen(sign) + 3);
    }
    value = __builtin_fabs(value);
    if (kind == 'a') return HexFloat(spec, sign, upper, value);

    DecimalDigits digits(value);
    int precision = spec.precision < 0 ? 6 : spec.precision;
    bool exponent_form = kind == 'e';
    bool keep_zeros = true;
    if (kind == 'g') {
      if (precision == 0) precision = 1;
      digits.RoundTo(precision);
      int exponent = digits.count ? digits.point - 1 : 0;
      exponent_form = exponent < -4 || exponent >= precision;
      keep_zeros = spec.alternate;
      int fraction = exponent_form ? digits.count - 1 : digits.count - digits.point;
      if (fraction < 0) fraction = 0;
      precision = keep_zeros     ? (exponent_form ? precision - 1 : precision - 1 - exponent)
                  : digits.count ? fraction
                                 : 0;
    } else {
      digits.RoundTo(exponent_form ? precision + 1 : digits.point + precision);
    }
    if (exponent_form)
      Scientific(spec, sign, upper, digits, precision);
    else
      Fixed(spec, sign, digits, precision);
  }

  static char DigitAt(const DecimalDigits& digits, int index) {
    return index >= 0 && index < digits.count ? digits.digit[index] : '0';
  }

  // What surrounds the digits of every floating form: padding, sign, zeros.
  size_t OpenFloat(const Spec& spec, const char* sign, size_t body) {
    size_t total = __builtin_strlen(sign) + body;
    size_t padding = spec.width > total ? spec.width - total : 0;
    bool zeros = spec.zero && !spec.left;
    if (!spec.left && !zeros) Fill(' ', padding);
    WriteAscii(sign, __builtin_strlen(sign));
    if (zeros) Fill('0', padding);
    return spec.left ? padding : 0;
  }

  void Fixed(const Spec& spec, const char* sign, const DecimalDigits& digits, int precision) {
    int whole = digits.count && digits.point > 0 ? digits.point : 1;
    bool dot = precision > 0 || spec.alternate;
    size_t after =
        OpenFloat(spec, sign, static_cast<size_t>(whole) + (dot ? 1 : 0) + static_cast<size_t>(precision));
    // Index of a digit in front of the point counts from digits.point - whole.
    int first = (digits.count ? digits.point : 0) - whole;
    for (int i = 0; i < whole; ++i) WriteDigit(DigitAt(digits, first + i));
    if (dot) WriteDigit('.');
    for (int i = 0; i < precision; ++i) WriteDigit(DigitAt(digits, first + whole + i));
    Fill(' ', after);
  }

  void Scientific(const Spec& spec, const char* sign, bool upper, const DecimalDigits& digits,
                  int precision) {
    bool dot = precision > 0 || spec.alternate;
    char exponent[8];
    size_t exponent_count = Exponent(exponent, upper ? 'E' : 'e', digits.count ? digits.point - 1 : 0, 2);
    size_t after = OpenFloat(spec, sign, 1 + (dot ? 1 : 0) + static_cast<size_t>(precision) + exponent_count);
    WriteDigit(DigitAt(digits, 0));
    if (dot) WriteDigit('.');
    for (int i = 1; i <= precision; ++i) WriteDigit(DigitAt(digits, i));
    WriteAscii(exponent, exponent_count);
    Fill(' ', after);
  }

  void HexFloat(const Spec& spec, const char* sign, bool upper, double value) {
    uint64_t bits;
    __builtin_memcpy(&bits, &value, sizeof(bits));
    int exponent = static_cast<int>(bits >> 52);
    uint64_t mantissa = bits & ((1ull << 52) - 1);
    if (exponent)
      mantissa |= 1ull << 52;
    else if (mantissa)
      exponent = 1;
    exponent = mantissa ? exponent - 1023 : 0;
    int precision = spec.precision < 0 ? 13 : spec.precision;
    if (precision < 13) {
      int drop = (13 - precision) * 4;
      uint64_t rest = mantissa & ((1ull << drop) - 1), half = 1ull << (drop - 1);
      mantissa >>= drop;
      if (rest > half || (rest == half && (mantissa & 1))) ++mantissa;
      mantissa <<= drop;
    }
    const char* alphabet = upper ? "0123456789ABCDEF" : "0123456789abcdef";
    bool dot = precision > 0 || spec.alternate;
    char tail[8];
    size_t tail_count = Exponent(tail, upper ? 'P' : 'p', exponent, 1);
    size_t after = OpenFloat(spec, sign, 3 + (dot ? 1 : 0) + static_cast<size_t>(precision) + tail_count);
    WriteAscii(upper ? "0X" : "0x", 2);
    WriteDigit(alphabet[mantissa >> 52]);
    if (dot) WriteDigit('.');
    for (int i = 0; i < precision; ++i) WriteDigit(i < 13 ? alphabet[(mantissa >> (48 - 4 * i)) & 15] : '0');
    WriteAscii(tail, tail_count);
    Fill(' ', after);
  }

  static size_t Exponent(char* out, char letter, int exponent, int least_digits) {
    char* p = out;
    *p++ = letter;
    *p++ = exponent < 0 ? '-' : '+';
    if (exponent < 0) exponent = -exponent;
    char reversed[5];
    int n = 0;
    for (; exponent || n < least_digits; exponent /= 10)
      reversed[n++] = static_cast<char>('0' + exponent % 10);
    while (n) *p++ = reversed[--n];
    return static_cast<size_t>(p - out);
  }

  void WriteDigit(char c) {
    Unit u = static_cast<Unit>(c);
    Write(&u, 1);
  }

  Sink<Unit> sink_;
  size_t written_ = 0;
};

template <typename Unit>
struct Buffer {
  Unit* next;
  size_t room;
  static void Write(void* context, const Unit* units, size_t count) {
    auto* self = static_cast<Buffer*>(context);
    if (count > self->room) count = self->room;
    __builtin_memcpy(self->next, units, count * sizeof(Unit));
    self->next += count;
    self->room -= count;
  }
};

template <typename Unit>
size_t Run(Sink<Unit> sink, const Unit* format, va_list args) {
  Arguments copy;
  va_copy(copy.list, args);
  size_t written = Formatter<Unit>(sink).Run(format, copy);
  va_end(copy.list);
  return written;
}

}  // namespace

size_t Format(Sink<char> sink, const char* format, va_list args) {
  return Run(sink, format, args);
}
size_t Format(Sink<wchar_t> sink, const wchar_t* format, va_list args) {
  return Run(sink, format, args);
}

size_t FormatToBuffer(char* buffer, size_t size, const char* format, va_list args) {
  Buffer<char> target{buffer, size};
  return Format(Sink<char>{&Buffer<char>::Write, &target}, format, args);
}

size_t FormatToBuffer(wchar_t* buffer, size_t size, const wchar_t* format, va_list args) {
  Buffer<wchar_t> target{buffer, size};
  return Format(Sink<wchar_t>{&Buffer<wchar_t>::Write, &target}, format, args);
}

}  // namespace ring3::format
