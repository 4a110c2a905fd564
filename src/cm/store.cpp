// SPDX-License-Identifier: MIT
#include "cm/store.h"

#include <charconv>
#include <optional>

#include <fmt/format.h>

#include "rtl/unicode_text.h"

namespace ring3::cm {
namespace {

constexpr std::string_view kRoot = "\\Registry";

// Reads one line of the store.
class LineReader {
 public:
  explicit LineReader(std::string_view line) : rest_(line) {}

  bool AtEnd() {
    SkipSpaces();
    return rest_.empty();
  }
  bool Take(std::string_view token) {
    SkipSpaces();
    if (!rest_.starts_with(token)) return false;
    rest_.remove_prefix(token.size());
    return true;
  }
  std::string_view TakeAll() { return std::exchange(rest_, {}); }

  // A quoted text with its escapes resolved, in UTF-8.
  std::optional<std::string> TakeText() {
    if (!Take("\"")) return std::nullopt;
    std::string text;
    while (!rest_.empty()) {
      const char c = rest_.front();
      rest_.remove_prefix(1);
      if (c == '"') return text;
      if (c != '\\') {
        text.push_back(c);
        continue;
      }
      if (rest_.empty()) return std::nullopt;
      const char escaped = rest_.front();
      rest_.remove_prefix(1);
      if (escaped == 'x') {
        const std::optional<uint64_t> code = TakeHex(2);
        if (!code) return std::nullopt;
        text.push_back(static_cast<char>(*code));
      } else if (escaped == '\\' || escaped == '"') {
        text.push_back(escaped);
      } else {
        return std::nullopt;
      }
    }
    return std::nullopt;
  }

  // Between one and `most_digits` hexadecimal digits.
  std::optional<uint64_t> TakeHex(size_t most_digits) {
    uint64_t value = 0;
    const size_t length = std::min(most_digits, rest_.size());
    const auto [end, error] = std::from_chars(rest_.data(), rest_.data() + length, value, 16);
    if (error != std::errc() || end == rest_.data()) return std::nullopt;
    rest_.remove_prefix(static_cast<size_t>(end - rest_.data()));
    return value;
  }

 private:
  void SkipSpaces() {
    while (!rest_.empty() && (rest_.front() == ' ' || rest_.front() == '\t' || rest_.front() == '\r')) {
      rest_.remove_prefix(1);
    }
  }
  std::string_view rest_;
};

void AppendUtf16(std::vector<uint8_t>* data, std::u16string_view text) {
  const auto* const bytes = reinterpret_cast<const uint8_t*>(text.data());
  data->insert(data->end(), bytes, bytes + text.size() * 2);
}

void AppendTerminated(std::vector<uint8_t>* data, std::string_view utf8) {
  AppendUtf16(data, rtl::Utf16FromUtf8(utf8));
  AppendUtf16(data, std::u16string_view(u"\0", 1));
}

template <typename Number>
void AppendNumber(std::vector<uint8_t>* data, uint64_t value) {
  for (size_t i = 0; i < sizeof(Number); ++i) data->push_back(static_cast<uint8_t>(value >> (8 * i)));
}

const char* ParseHexBytes(LineReader& line, Value* value) {
  if (line.AtEnd()) return nullptr;
  do {
    line.AtEnd();  // spaces between bytes
    const std::optional<uint64_t> byte = line.TakeHex(2);
    if (!byte) return "a byte of two hexadecimal digits is expected";
    value->data.push_back(static_cast<uint8_t>(*byte));
  } while (line.Take(","));
  return nullptr;
}

const char* ParseText(LineReader& line, Value* value) {
  const std::optional<std::string> text = line.TakeText();
  if (!text) return "a quoted text is expected";
  AppendTerminated(&value->data, *text);
  return nullptr;
}

const char* ParseMulti(LineReader& line, Value* value) {
  value->type = REG_MULTI_SZ;
  if (!line.AtEnd()) {
    do {
      if (const char* error = ParseText(line, value)) return error;
    } while (line.Take(","));
  }
  AppendUtf16(&value->data, std::u16string_view(u"\0", 1));
  return nullptr;
}

const char* ParseNumber(LineReader& line, Value* value, ULONG type) {
  value->type = type;
  const std::optional<uint64_t> number = line.TakeHex(type == REG_DWORD ? 8 : 16);
  if (!number) return "a hexadecimal number is expected";
  if (type == REG_DWORD) {
    AppendNumber<uint32_t>(&value->data, *number);
  } else {
    AppendNumber<uint64_t>(&value->data, *number);
  }
  return nullptr;
}

const char* ParseTypedHex(LineReader& line, Value* value) {
  const std::optional<uint64_t> type = line.TakeHex(8);
  if (!type || !line.Take("):")) return "hex(type): is expected";
  value->type = static_cast<ULONG>(*type);
  return ParseHexBytes(line, value);
}

const char* ParseValueData(LineReader& line, Value* value) {
  if (line.Take("dword:")) return ParseNumber(line, value, REG_DWORD);
  if (line.Take("qword:")) return ParseNumber(line, value, REG_QWORD);
  if (line.Take("multi:")) return ParseMulti(line, value);
  if (line.Take("hex(")) return ParseTypedHex(line, value);
  if (line.Take("hex:")) {
    value->type = REG_BINARY;
    return ParseHexBytes(line, value);
  }
  value->type = line.Take("expand:") ? REG_EXPAND_SZ : REG_SZ;
  return ParseText(line, value);
}

const char* ParseValue(LineReader& line, Value* value) {
  if (!line.Take("@")) {
    const std::optional<std::string> name = line.TakeText();
    if (!name) return "a key in brackets or a quoted value name is expected";
    value->name = rtl::Utf16FromUtf8(*name);
  }
  if (!line.Take("=")) return "an equals sign is expected";
  if (const char* error = ParseValueData(line, value)) return error;
  return line.AtEnd() ? nullptr : "there is more than a value on the line";
}

// Walks to the key that a line names, making it and those above it.
Key* ParseKey(LineReader& line, Key& root) RING3_REQUIRES(g_registry_lock) {
  std::string_view path = line.TakeAll();
  while (!path.empty() && (path.back() == ' ' || path.back() == '\t' || path.back() == '\r'))
    path.remove_suffix(1);
  if (!path.ends_with(']')) return nullptr;
  path.remove_suffix(1);
  if (path.size() < kRoot.size() ||
      rtl::Utf16FromUtf8(path.substr(0, kRoot.size())) != rtl::Utf16FromUtf8(kRoot))
    return nullptr;
  path.remove_prefix(kRoot.size());
  Key* key = &root;
  while (!path.empty()) {
    if (path.front() != '\\') return nullptr;
    path.remove_prefix(1);
    const size_t length = std::min(path.find('\\'), path.size());
    if (length == 0) return nullptr;
    const std::u16string name = rtl::Utf16FromUtf8(path.substr(0, length));
    std::shared_ptr<Key> child = key->FindLocked(name);
    if (child == nullptr) child = key->AddLocked(name, Lifetime::kStored);
    key = child.get();
    path.remove_prefix(length);
  }
  return key;
}

void AppendEscaped(std::string* out, std::string_view utf8) {
  out->push_back('"');
  for (const char c : utf8) {
    if (c == '\\' || c == '"') {
      out->push_back('\\');
      out->push_back(c);
    } else if (static_cast<unsigned char>(c) < 0x20 || c == 0x7F) {
      fmt::format_to(std::back_inserter(*out), "\\x{:02x}", static_cast<unsigned char>(c));
    } else {
      out->push_back(c);
    }
  }
  out->push_back('"');
}

// The texts of a value that is well-formed UTF-16 and ends as its type wants; nothing otherwise.
std::optional<std::vector<std::u16string>> TextsOf(const Value& value) {
  if (value.data.size() % 2 != 0 || value.data.size() < 2) return std::nullopt;
  const std::u16string_view all(reinterpret_cast<const char16_t*>(value.data.data()), value.data.size() / 2);
  if (all.back() != 0 || !rtl::IsWellFormedUtf16(all)) return std::nullopt;
  std::vector<std::u16string> texts;
  if (value.type != REG_MULTI_SZ) {
    if (all.find(u'\0') != all.size() - 1) return std::nullopt;
    texts.emplace_back(all.substr(0, all.size() - 1));
    return texts;
  }
  for (size_t i = 0; i + 1 < all.size();) {
    const size_t end = all.find(u'\0', i);
    if (end == i || end + 1 >= all.size()) return std::nullopt;
    texts.emplace_back(all.substr(i, end - i));
    i = end + 1;
  }
  return texts;
}

uint64_t NumberOf(const std::vector<uint8_t>& data) {
  uint64_t number = 0;
  for (size_t i = data.size(); i-- > 0;) number = number << 8 | data[i];
  return number;
}

void AppendData(std::string* out, const Value& value) {
  if (value.type == REG_DWORD && value.data.size() == 4) {
    fmt::format_to(std::back_inserter(*out), "dword:{:08x}", NumberOf(value.data));
    return;
  }
  if (value.type == REG_QWORD && value.data.size() == 8) {
    fmt::format_to(std::back_inserter(*out), "qword:{:016x}", NumberOf(value.data));
    return;
  }
  if (value.type == REG_SZ || value.type == REG_EXPAND_SZ || value.type == REG_MULTI_SZ) {
    if (const auto texts = TextsOf(value)) {
      out->append(value.type == REG_EXPAND_SZ ? "expand:" : value.type == REG_MULTI_SZ ? "multi:" : "");
      for (size_t i = 0; i < texts->size(); ++i) {
        if (i > 0) out->push_back(',');
        AppendEscaped(out, rtl::Utf8FromUtf16((*texts)[i]));
      }
      return;
    }
  }
  if (value.type == REG_BINARY) {
    out->append("hex:");
  } else {
    fmt::format_to(std::back_inserter(*out), "hex({:x}):", value.type);
  }
  for (size_t i = 0; i < value.data.size(); ++i) {
    fmt::format_to(std::back_inserter(*out), "{}{:02x}", i == 0 ? "" : ",", value.data[i]);
  }
}

void AppendKey(std::string* out, const Key& key, const std::string& path) RING3_REQUIRES(g_registry_lock) {
  if (!key.values().empty() || key.keys().empty()) {
    fmt::format_to(std::back_inserter(*out), "{}[{}]\n", out->empty() ? "" : "\n", path);
    for (const auto& [upcased, value] : key.values()) {
      if (value.name.empty()) {
        out->push_back('@');
      } else {
        AppendEscaped(out, rtl::Utf8FromUtf16(value.name));
      }
      out->push_back('=');
      AppendData(out, value);
      out->push_back('\n');
    }
  }
  for (const auto& [upcased, child] : key.keys()) {
    if (child->lifetime() == Lifetime::kStored)
      AppendKey(out, *child, path + "\\" + rtl::Utf8FromUtf16(child->name()));
  }
}

}  // namespace

bool ParseStore(std::string_view text, Key& root, std::string* error) {
  SpinLockGuard guard(g_registry_lock);
  Key* key = nullptr;
  size_t number = 0;
  if (text.starts_with("\xEF\xBB\xBF")) text.remove_prefix(3);
  while (!text.empty()) {
    ++number;
    const size_t end = text.find('\n');
    LineReader line(text.substr(0, end));
    text.remove_prefix(end == text.npos ? text.size() : end + 1);
    if (line.AtEnd() || line.Take(";")) continue;
    const char* what = nullptr;
    if (line.Take("[")) {
      key = ParseKey(line, root);
      if (key == nullptr) what = "a key below \\Registry, closed by a bracket, is expected";
    } else {
      Value value;
      what = ParseValue(line, &value);
      if (what == nullptr && key == nullptr) what = "there is a value before the first key";
      if (what == nullptr) key->SetValueLocked(std::move(value));
    }
    if (what != nullptr) {
      *error = fmt::format("line {}: {}", number, what);
      return false;
    }
  }
  return true;
}

std::string FormatStore(const Key& root) {
  SpinLockGuard guard(g_registry_lock);
  std::string out;
  for (const auto& [upcased, child] : root.keys()) {
    if (child->lifetime() == Lifetime::kStored) {
      AppendKey(&out, *child, std::string(kRoot) + "\\" + rtl::Utf8FromUtf16(child->name()));
    }
  }
  return out;
}

}  // namespace ring3::cm
