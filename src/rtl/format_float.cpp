// SPDX-License-Identifier: MIT
#include "rtl/format_float.h"

namespace ring3::format {
namespace {

constexpr uint32_t kBase = 1'000'000'000;

// An integer of up to 1080 decimal digits, least significant word first.
struct Natural {
  uint32_t word[120];
  int words = 0;

  void Assign(uint64_t v) {
    for (words = 0; v; v /= kBase) word[words++] = static_cast<uint32_t>(v % kBase);
  }
  void Multiply(uint32_t factor) {
    uint64_t carry = 0;
    for (int i = 0; i < words; ++i) {
      carry += static_cast<uint64_t>(word[i]) * factor;
      word[i] = static_cast<uint32_t>(carry % kBase);
      carry /= kBase;
    }
    if (carry) word[words++] = static_cast<uint32_t>(carry);
  }
  void MultiplyByPower(uint32_t base, int exponent, uint32_t chunk, int chunk_exponent) {
    for (; exponent >= chunk_exponent; exponent -= chunk_exponent) Multiply(chunk);
    for (; exponent > 0; --exponent) Multiply(base);
  }
};

}  // namespace

DecimalDigits::DecimalDigits(double value) {
  uint64_t bits;
  __builtin_memcpy(&bits, &value, sizeof(bits));
  int exponent = static_cast<int>((bits >> 52) & 0x7ff);
  uint64_t mantissa = bits & ((1ull << 52) - 1);
  if (exponent)
    mantissa |= 1ull << 52;
  else
    exponent = 1;
  exponent -= 1075;
  if (!mantissa) return;
  while (!(mantissa & 1)) mantissa >>= 1, ++exponent;

  // m * 2^-k = m * 5^k / 10^k: an integer and a shift of the decimal point.
  Natural n;
  n.Assign(mantissa);
  if (exponent >= 0)
    n.MultiplyByPower(2, exponent, 1u << 28, 28);
  else
    n.MultiplyByPower(5, -exponent, 244140625u, 12);

  for (int i = n.words - 1; i >= 0; --i) {
    uint32_t w = n.word[i];
    for (uint32_t unit = kBase / 10; unit; unit /= 10) {
      char c = static_cast<char>('0' + w / unit % 10);
      if (count || c != '0') digit[count++] = c;
    }
  }
  point = count + (exponent < 0 ? exponent : 0);
  while (count && digit[count - 1] == '0') --count;
}

void DecimalDigits::RoundTo(int keep) {
  if (keep >= count) return;
  if (keep < 0) {
    count = 0;
    return;
  }
  bool exactly_half = digit[keep] == '5' && keep + 1 == count;
  bool odd = keep > 0 && (digit[keep - 1] - '0') % 2 == 1;
  bool up = exactly_half ? odd : digit[keep] >= '5';
  count = keep;
  if (!up) {
    while (count && digit[count - 1] == '0') --count;
    return;
  }
  while (count && digit[count - 1] == '9') --count;
  if (count) {
    ++digit[count - 1];
  } else {
    digit[0] = '1';
    count = 1;
    ++point;
  }
}

}  // namespace ring3::format
