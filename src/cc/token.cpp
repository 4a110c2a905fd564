// SPDX-License-Identifier: MIT
#include "cc/token.h"

#include <cctype>
#include <cstring>

namespace ring3::cc {

namespace {

bool IsIdentifierStart(unsigned char c) {
  return std::isalpha(c) || c == '_' || c == '$' || c >= 0x80;
}
bool IsIdentifierPart(unsigned char c) {
  return IsIdentifierStart(c) || std::isdigit(c);
}

class Lexer {
 public:
  Lexer(std::string_view text, bool is_cplusplus) : text_(text), is_cplusplus_(is_cplusplus) {}

  // False at the end; then `leading` holds what is left.
  bool Next(TokenKind& kind, std::string_view& leading, std::string_view& token) {
    const size_t space = position_;
    bool line_start = position_ == 0;
    while (position_ < text_.size() && (std::isspace(Byte(0)) || SkipsEscapedNewline())) {
      if (Byte(0) == '\n') line_start = true;
      ++position_;
    }
    leading = text_.substr(space, position_ - space);
    if (position_ >= text_.size()) return false;
    const size_t start = position_;
    kind = Scan(line_start);
    token = text_.substr(start, position_ - start);
    return true;
  }

 private:
  unsigned char Byte(size_t ahead) const {
    return position_ + ahead < text_.size() ? static_cast<unsigned char>(text_[position_ + ahead]) : 0;
  }
  bool SkipsEscapedNewline() {
    if (Byte(0) == '\\' && Byte(1) == '\n') {
      ++position_;
      return true;
    }
    return false;
  }

  TokenKind Scan(bool line_start) {
    const unsigned char c = Byte(0);
    if (c == '#' && line_start) {
      const size_t end = text_.find('\n', position_);
      position_ = end == std::string_view::npos ? text_.size() : end;
      return TokenKind::Directive;
    }
    if (std::isdigit(c) || (c == '.' && std::isdigit(Byte(1)))) return ScanNumber();
    if (c == '"' || c == '\'') return ScanQuoted();
    if (IsIdentifierStart(c)) {
      const size_t start = position_;
      while (IsIdentifierPart(Byte(0))) ++position_;
      const std::string_view prefix = text_.substr(start, position_ - start);
      if (Byte(0) == '"' && is_cplusplus_ &&
          (prefix == "R" || prefix == "LR" || prefix == "u8R" || prefix == "uR" || prefix == "UR")) {
        return ScanRawString();
      }
      if ((Byte(0) == '"' || Byte(0) == '\'') &&
          (prefix == "L" || prefix == "u8" || prefix == "u" || prefix == "U")) {
        return ScanQuoted();
      }
      return TokenKind::Identifier;
    }
    static constexpr std::string_view kLong[] = {"...", "<<=", ">>=", "->*", "<=>", "::", "->", "++", "--",
                                                 "<<",  "<=",  ">=",  "==",  "!=",  "&&", "||", "+=", "-=",
                                                 "*=",  "/=",  "%=",  "&=",  "|=",  "^=", "##"};
    for (std::string_view punctuator : kLong) {
      if (text_.substr(position_, punctuator.size()) == punctuator) {
        position_ += punctuator.size();
        return TokenKind::Punctuator;
      }
    }
    ++position_;  // `>>` is two tokens: it may close two template argument lists
    return TokenKind::Punctuator;
  }

  TokenKind ScanNumber() {
    while (true) {
      const unsigned char c = Byte(0);
      if ((c == 'e' || c == 'E' || c == 'p' || c == 'P') && (Byte(1) == '+' || Byte(1) == '-')) {
        position_ += 2;
      } else if (IsIdentifierPart(c) || c == '.') {
        ++position_;
      } else if (c == '\'' && is_cplusplus_ && IsIdentifierPart(Byte(1))) {
        position_ += 2;
      } else {
        return TokenKind::Number;
      }
    }
  }

  TokenKind ScanQuoted() {
    const char quote = text_[position_++];
    while (position_ < text_.size() && text_[position_] != quote && text_[position_] != '\n') {
      position_ += text_[position_] == '\\' && position_ + 1 < text_.size() ? 2 : 1;
    }
    if (Byte(0) == static_cast<unsigned char>(quote)) ++position_;
    return quote == '"' ? TokenKind::String : TokenKind::Character;
  }

  TokenKind ScanRawString() {
    const size_t open = text_.find('(', position_);
    if (open == std::string_view::npos) return ScanQuoted();
    const std::string close = ")" + std::string(text_.substr(position_ + 1, open - position_ - 1)) + "\"";
    const size_t end = text_.find(close, open);
    position_ = end == std::string_view::npos ? text_.size() : end + close.size();
    return TokenKind::String;
  }

  std::string_view text_;
  size_t position_ = 0;
  bool is_cplusplus_;
};

}  // namespace

bool ParseLineMarker(std::string_view line, LineMarker& marker) {
  if (line.empty() || line[0] != '#') return false;
  size_t at = line.find_first_not_of(" \t", 1);
  if (at == std::string_view::npos) return false;
  if (line.substr(at, 4) == "line") at = line.find_first_not_of(" \t", at + 4);
  if (at == std::string_view::npos || !std::isdigit(static_cast<unsigned char>(line[at]))) return false;
  marker = {};
  for (; at < line.size() && std::isdigit(static_cast<unsigned char>(line[at])); ++at) {
    marker.line = marker.line * 10 + static_cast<size_t>(line[at] - '0');
  }
  at = line.find('"', at);
  if (at == std::string_view::npos) return false;
  for (++at; at < line.size() && line[at] != '"'; ++at) {
    if (line[at] == '\\' && at + 1 < line.size()) ++at;
    marker.file += line[at];
  }
  const std::string_view flags = line.substr(at < line.size() ? at + 1 : at);
  marker.enters = flags.find(" 1") != std::string_view::npos;
  marker.returns = flags.find(" 2") != std::string_view::npos;
  return true;
}

TokenStream::TokenStream(std::string_view text, bool is_cplusplus,
                         const std::function<bool(std::string_view)>& is_user)
    : is_cplusplus_(is_cplusplus) {
  Lexer lexer(text, is_cplusplus);
  Token token{};
  LineMarker marker;
  std::unordered_map<std::string, bool> known;
  bool user = true;
  std::vector<size_t> open;
  while (lexer.Next(token.kind, token.leading, token.text)) {
    if (token.kind == TokenKind::Directive && ParseLineMarker(token.text, marker)) {
      const auto [entry, is_new] = known.try_emplace(marker.file, false);
      if (is_new) entry->second = is_user(marker.file);
      user = entry->second;
    }
    token.user = user;
    const size_t index = tokens_.size();
    tokens_.push_back(token);
    match_.push_back(std::string_view::npos);
    if (token.kind != TokenKind::Punctuator) continue;
    const char c = token.text[0];
    if (token.text.size() == 1 && std::strchr("([{", c)) {
      open.push_back(index);
    } else if (token.text.size() == 1 && std::strchr(")]}", c) && !open.empty()) {
      match_[open.back()] = index;
      open.pop_back();
    }
  }
  trailing_ = token.leading;
}

size_t TokenStream::Next(size_t index) const {
  do {
    ++index;
  } while (index < Size() && tokens_[index].kind == TokenKind::Directive);
  return index < Size() ? index : Size();
}

size_t TokenStream::Previous(size_t index) const {
  while (index > 0) {
    --index;
    if (tokens_[index].kind != TokenKind::Directive) return index;
  }
  return Size();
}

size_t TokenStream::Match(size_t index) const {
  return index < Size() && match_[index] != std::string_view::npos ? match_[index] : Size();
}

void TokenStream::Replace(size_t index, std::string text) {
  Edit& edit = edits_[index];
  edit.replaced = true;
  edit.replacement = std::move(text);
}

void TokenStream::InsertBefore(size_t index, std::string_view text) {
  Edit& edit = edits_[index];
  edit.before.insert(0, text);
}

void TokenStream::InsertAfter(size_t index, std::string_view text) {
  edits_[index].after += text;
}

std::string TokenStream::Emit() const {
  std::string out;
  for (size_t i = 0; i < tokens_.size(); ++i) {
    const Token& token = tokens_[i];
    out += token.leading;
    const auto edit = edits_.find(i);
    if (edit == edits_.end()) {
      out += token.text;
      continue;
    }
    out += edit->second.before;
    if (edit->second.replaced) {
      out += edit->second.replacement;
    } else {
      out += token.text;
    }
    out += edit->second.after;
  }
  out += trailing_;
  return out;
}

}  // namespace ring3::cc
