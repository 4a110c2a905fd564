// SPDX-License-Identifier: MIT
#include "se/sid.h"

#include <fmt/format.h>

namespace ring3::se {

Sid::Sid(uint8_t authority, std::initializer_list<ULONG> sub_authorities) : Sid() {
  bytes_[7] = authority;
  for (ULONG value : sub_authorities) std::memcpy(bytes_ + 8 + 4 * bytes_[1]++, &value, sizeof(value));
}

std::string ToString(const void* sid) {
  const auto* s = static_cast<const SID*>(sid);
  uint64_t authority = 0;
  for (UCHAR byte : s->IdentifierAuthority.Value) authority = authority << 8 | byte;
  std::string text = authority >> 32 == 0 ? fmt::format("S-{}-{}", s->Revision, authority)
                                          : fmt::format("S-{}-{:#x}", s->Revision, authority);
  for (int i = 0; i < s->SubAuthorityCount; ++i) text += fmt::format("-{}", s->SubAuthority[i]);
  return text;
}

std::optional<Sid> ParseSid(std::u16string_view text) {
  if (text.size() < 2 || (text[0] != u'S' && text[0] != u's') || text[1] != u'-') return std::nullopt;
  text.remove_prefix(2);
  uint64_t numbers[2 + SID_MAX_SUB_AUTHORITIES];
  size_t count = 0;
  while (!text.empty()) {
    if (count == std::size(numbers)) return std::nullopt;
    uint64_t value = 0;
    size_t digits = 0;
    bool hex = text.size() > 2 && text[0] == u'0' && (text[1] == u'x' || text[1] == u'X');
    if (hex) text.remove_prefix(2);
    for (; !text.empty() && text[0] != u'-'; text.remove_prefix(1), ++digits) {
      char16_t c = text[0];
      uint64_t digit;
      if (c >= u'0' && c <= u'9') {
        digit = c - u'0';
      } else if (hex && (c | 0x20) >= u'a' && (c | 0x20) <= u'f') {
        digit = (c | 0x20) - u'a' + 10;
      } else {
        return std::nullopt;
      }
      value = value * (hex ? 16 : 10) + digit;
      if (value >> 48 != 0) return std::nullopt;
    }
    if (digits == 0 || (count >= 2 && value > MAXULONG)) return std::nullopt;
    numbers[count++] = value;
    if (!text.empty()) {
      text.remove_prefix(1);
      if (text.empty()) return std::nullopt;
    }
  }
  if (count < 3 || numbers[0] != SID_REVISION) return std::nullopt;
  SID_IDENTIFIER_AUTHORITY authority;
  for (int i = 0; i < 6; ++i) authority.Value[i] = static_cast<UCHAR>(numbers[1] >> (40 - 8 * i));
  alignas(8) UCHAR buffer[SECURITY_MAX_SID_SIZE];
  RtlInitializeSid(buffer, &authority, static_cast<UCHAR>(count - 2));
  for (size_t i = 2; i < count; ++i) {
    *RtlSubAuthoritySid(buffer, static_cast<ULONG>(i - 2)) = static_cast<ULONG>(numbers[i]);
  }
  return Sid::Copy(buffer);
}

}  // namespace ring3::se
