// SPDX-License-Identifier: MIT
#include "se/sddl.h"

#include <ntstatus.h>

#include <cstring>
#include <optional>
#include <vector>

#include "se/descriptor.h"
#include "se/sid.h"

namespace ring3::se {
namespace {

struct NamedSid {
  char16_t name[3];
  uint8_t authority;
  ULONG first, second;  // second 0: none
};
constexpr NamedSid kSids[] = {
    {u"WD", 1, 0, 0},       {u"SY", 5, 18, 0},      {u"BA", 5, 32, 544},    {u"BU", 5, 32, 545},
    {u"BG", 5, 32, 546},    {u"PU", 5, 32, 547},    {u"AO", 5, 32, 548},    {u"SO", 5, 32, 549},
    {u"PO", 5, 32, 550},    {u"BO", 5, 32, 551},    {u"RE", 5, 32, 552},    {u"RU", 5, 32, 554},
    {u"RD", 5, 32, 555},    {u"NO", 5, 32, 556},    {u"AU", 5, 11, 0},      {u"RC", 5, 12, 0},
    {u"WR", 5, 33, 0},      {u"IU", 5, 4, 0},       {u"NU", 5, 2, 0},       {u"SU", 5, 6, 0},
    {u"AN", 5, 7, 0},       {u"PS", 5, 10, 0},      {u"LS", 5, 19, 0},      {u"NS", 5, 20, 0},
    {u"CO", 3, 0, 0},       {u"CG", 3, 1, 0},       {u"OW", 3, 4, 0},       {u"ED", 5, 9, 0},
    {u"LW", 16, 0x1000, 0}, {u"ME", 16, 0x2000, 0}, {u"MP", 16, 0x2100, 0}, {u"HI", 16, 0x3000, 0},
    {u"SI", 16, 0x4000, 0}, {u"AC", 15, 2, 1},      {u"UD", 5, 84, 0},
};

struct NamedRight {
  char16_t name[3];
  ACCESS_MASK mask;
};
constexpr NamedRight kRights[] = {
    {u"GA", GENERIC_ALL},  {u"GR", GENERIC_READ}, {u"GW", GENERIC_WRITE}, {u"GX", GENERIC_EXECUTE},
    {u"RC", READ_CONTROL}, {u"SD", DELETE},       {u"WD", WRITE_DAC},     {u"WO", WRITE_OWNER},
    {u"FA", 0x1f01ff},     {u"FR", 0x120089},     {u"FW", 0x120116},      {u"FX", 0x1200a0},
    {u"KA", 0xf003f},      {u"KR", 0x20019},      {u"KW", 0x20006},       {u"KX", 0x20019},
    {u"CC", 0x1},          {u"DC", 0x2},          {u"LC", 0x4},           {u"SW", 0x8},
    {u"RP", 0x10},         {u"WP", 0x20},         {u"DT", 0x40},          {u"LO", 0x80},
    {u"CR", 0x100},
};
constexpr NamedRight kLabelRights[] = {{u"NW", SYSTEM_MANDATORY_LABEL_NO_WRITE_UP},
                                       {u"NR", SYSTEM_MANDATORY_LABEL_NO_READ_UP},
                                       {u"NX", SYSTEM_MANDATORY_LABEL_NO_EXECUTE_UP}};
constexpr NamedRight kAceFlags[] = {
    {u"OI", OBJECT_INHERIT_ACE},    {u"CI", CONTAINER_INHERIT_ACE}, {u"NP", NO_PROPAGATE_INHERIT_ACE},
    {u"IO", INHERIT_ONLY_ACE},      {u"ID", INHERITED_ACE},         {u"SA", SUCCESSFUL_ACCESS_ACE_FLAG},
    {u"FA", FAILED_ACCESS_ACE_FLAG}};

struct Acl {
  std::vector<uint32_t> words = std::vector<uint32_t>(2);  // header, then the entries
  USHORT count = 0;
  bool null = false;
};

class Parser {
 public:
  explicit Parser(std::u16string_view text) : text_(text) {}

  // False: does not parse.
  bool Parse() {
    SkipSpace();
    while (!text_.empty()) {
      if (text_.size() < 2 || text_[1] != u':') return false;
      char16_t part = text_[0] & ~0x20;
      text_.remove_prefix(2);
      bool ok = part == u'O'   ? ParseSidOnce(&owner_)
                : part == u'G' ? ParseSidOnce(&group_)
                : part == u'D' ? ParseAcl(SE_DACL_PRESENT, &dacl_)
                : part == u'S' ? ParseAcl(SE_SACL_PRESENT, &sacl_)
                               : false;
      if (!ok) return false;
      SkipSpace();
    }
    return true;
  }

  Parts parts() {
    Parts parts;
    parts.control = control_;
    parts.owner = owner_ ? owner_->get() : nullptr;
    parts.group = group_ ? group_->get() : nullptr;
    parts.dacl = Finish(&dacl_, SE_DACL_PRESENT);
    parts.sacl = Finish(&sacl_, SE_SACL_PRESENT);
    return parts;
  }

 private:
  void SkipSpace() {
    while (!text_.empty() &&
           (text_[0] == u' ' || text_[0] == u'\t' || text_[0] == u'\r' || text_[0] == u'\n')) {
      text_.remove_prefix(1);
    }
  }
  static bool Same(std::u16string_view text, const char16_t* name) {
    return text.size() >= 2 && (text[0] & ~0x20) == name[0] && (text[1] & ~0x20) == name[1];
  }

  static std::optional<Sid> SidOf(std::u16string_view text) {
    if (text.size() == 2) {
      for (const NamedSid& known : kSids) {
        if (!Same(text, known.name)) continue;
        // User-mode drivers' SID has six more numbers; all others one or two.
        if (known.first == 84) return Sid(5, {84, 0, 0, 0, 0, 0});
        return known.second == 0 ? Sid(known.authority, {known.first})
                                 : Sid(known.authority, {known.first, known.second});
      }
      return std::nullopt;
    }
    return ParseSid(text);
  }

  bool ParseSidOnce(std::optional<Sid>* sid) {
    if (sid->has_value()) return false;
    size_t length = 2;
    if (text_.size() > 2 && text_[1] == u'-') {
      length = 0;
      while (length < text_.size() &&
             (text_[length] == u'-' || text_[length] == u'S' || text_[length] == u's' ||
              (text_[length] >= u'0' && text_[length] <= u'9'))) {
        // "S-1-5-18S:…": the S of the next part is followed by a colon.
        if (length != 0 && length + 1 < text_.size() && text_[length + 1] == u':') break;
        ++length;
      }
    }
    if (text_.size() < length) return false;
    *sid = SidOf(text_.substr(0, length));
    text_.remove_prefix(length);
    return sid->has_value();
  }

  // Two-letter words one after the other, or one number.
  template <size_t N>
  static bool ParseWords(std::u16string_view text, const NamedRight (&names)[N], ACCESS_MASK* mask) {
    *mask = 0;
    if (!text.empty() && text[0] >= u'0' && text[0] <= u'9') return ParseNumber(text, mask);
    while (!text.empty()) {
      bool found = false;
      for (const NamedRight& right : names) {
        if (!Same(text, right.name)) continue;
        *mask |= right.mask;
        found = true;
        break;
      }
      if (!found) return false;
      text.remove_prefix(2);
    }
    return true;
  }
  static bool ParseNumber(std::u16string_view text, ACCESS_MASK* mask) {
    uint64_t value = 0;
    unsigned base = 10;
    if (text.size() > 2 && text[0] == u'0' && (text[1] | 0x20) == u'x') {
      base = 16;
      text.remove_prefix(2);
    } else if (text.size() > 1 && text[0] == u'0') {
      base = 8;
    }
    for (char16_t c : text) {
      unsigned digit = c >= u'0' && c <= u'9'                     ? c - u'0'
                       : (c | 0x20) >= u'a' && (c | 0x20) <= u'f' ? (c | 0x20) - u'a' + 10
                                                                  : 99;
      if (digit >= base) return false;
      value = value * base + digit;
      if (value > MAXULONG) return false;
    }
    *mask = static_cast<ACCESS_MASK>(value);
    return true;
  }

  bool ParseAcl(USHORT present, std::optional<Acl>* acl) {
    if (acl->has_value()) return false;
    acl->emplace();
    control_ |= present;
    bool dacl = present == SE_DACL_PRESENT;
    for (;;) {
      if (text_.substr(0, 17) == u"NO_ACCESS_CONTROL") {
        (*acl)->null = true;
        text_.remove_prefix(17);
      } else if (Same(text_, u"AR")) {
        control_ |= dacl ? SE_DACL_AUTO_INHERIT_REQ : SE_SACL_AUTO_INHERIT_REQ;
        text_.remove_prefix(2);
      } else if (Same(text_, u"AI")) {
        control_ |= dacl ? SE_DACL_AUTO_INHERITED : SE_SACL_AUTO_INHERITED;
        text_.remove_prefix(2);
      } else if (!text_.empty() && (text_[0] & ~0x20) == u'P') {
        control_ |= dacl ? SE_DACL_PROTECTED : SE_SACL_PROTECTED;
        text_.remove_prefix(1);
      } else {
        break;
      }
    }
    SkipSpace();
    while (!text_.empty() && text_[0] == u'(') {
      size_t end = text_.find(u')');
      if (end == std::u16string_view::npos || !ParseAce(text_.substr(1, end - 1), dacl, &**acl)) return false;
      text_.remove_prefix(end + 1);
      SkipSpace();
    }
    return true;
  }

  static bool ParseAce(std::u16string_view text, bool dacl, Acl* acl) {
    std::u16string_view fields[6];
    for (int i = 0; i < 6; ++i) {
      size_t end = text.find(u';');
      if ((end == std::u16string_view::npos) != (i == 5)) return false;
      fields[i] = text.substr(0, end);
      while (!fields[i].empty() && fields[i].front() == u' ') fields[i].remove_prefix(1);
      while (!fields[i].empty() && fields[i].back() == u' ') fields[i].remove_suffix(1);
      if (i != 5) text.remove_prefix(end + 1);
    }
    auto is = [&](const char16_t* name) { return Same(fields[0], name) && fields[0].size() == 2; };
    UCHAR type;
    bool label = false;
    if (dacl && fields[0].size() == 1 && (fields[0][0] & ~0x20) == u'A') {
      type = ACCESS_ALLOWED_ACE_TYPE;
    } else if (dacl && fields[0].size() == 1 && (fields[0][0] & ~0x20) == u'D') {
      type = ACCESS_DENIED_ACE_TYPE;
    } else if (!dacl && is(u"AU")) {
      type = SYSTEM_AUDIT_ACE_TYPE;
    } else if (!dacl && is(u"ML")) {
      type = SYSTEM_MANDATORY_LABEL_ACE_TYPE;
      label = true;
    } else {
      return false;
    }
    // Object entries are for directory services.
    if (!fields[3].empty() || !fields[4].empty()) return false;
    ACCESS_MASK flags, mask;
    if (!ParseWords(fields[1], kAceFlags, &flags)) return false;
    if (label ? !ParseWords(fields[2], kLabelRights, &mask) : !ParseWords(fields[2], kRights, &mask))
      return false;
    std::optional<Sid> sid = SidOf(fields[5]);
    if (!sid) return false;
    size_t at = acl->words.size();
    acl->words.resize(at + 2 + sid->byte_count() / 4);
    if (acl->words.size() * 4 > MAXUSHORT) return false;
    ACE_HEADER header{type, static_cast<UCHAR>(flags), static_cast<USHORT>(8 + sid->byte_count())};
    std::memcpy(&acl->words[at], &header, 4);
    acl->words[at + 1] = mask;
    std::memcpy(&acl->words[at + 2], sid->get(), sid->byte_count());
    ++acl->count;
    return true;
  }

  PACL Finish(std::optional<Acl>* acl, USHORT) {
    if (!acl->has_value() || (*acl)->null) return nullptr;
    ACL header{ACL_REVISION, 0, static_cast<USHORT>((*acl)->words.size() * 4), (*acl)->count, 0};
    std::memcpy((*acl)->words.data(), &header, sizeof(header));
    return reinterpret_cast<PACL>((*acl)->words.data());
  }

  std::u16string_view text_;
  USHORT control_ = 0;
  std::optional<Sid> owner_, group_;
  std::optional<Acl> dacl_, sacl_;
};

}  // namespace

Result<PSECURITY_DESCRIPTOR> DescriptorFromSddl(std::u16string_view text) {
  Parser parser(text);
  if (!parser.Parse()) return STATUS_INVALID_PARAMETER;
  return AllocateSelfRelative(parser.parts());
}

}  // namespace ring3::se
