// SPDX-License-Identifier: MIT
#include <algorithm>
#include <cctype>
#include <iterator>

#include "cc/token_pass.h"

namespace ring3::cc {

namespace {

// What may stand around `long` in the specifiers of one declaration, in any order.
bool IsSpecifier(std::string_view text) {
  static constexpr std::string_view kSpecifiers[] = {
      "long",     "int",      "signed", "__signed",  "__signed__", "unsigned",
      "const",    "volatile", "static", "extern",    "register",   "inline",
      "__inline", "typedef",  "double", "constexpr", "_Complex",   "__forceinline"};
  return std::find(std::begin(kSpecifiers), std::end(kSpecifiers), text) != std::end(kSpecifiers);
}

void NarrowLiteral(TokenStream& tokens, size_t index) {
  const std::string_view text = tokens[index].text;
  const bool prefixed =
      text.size() > 1 && text[0] == '0' && std::isalpha(static_cast<unsigned char>(text[1]));
  const std::string_view floating = prefixed ? ".pP" : ".eE";
  if (text.find_first_of(floating) != std::string_view::npos) return;
  const size_t suffix = text.find_last_not_of("uUlL") + 1;
  const std::string_view suffix_text = text.substr(suffix);
  if (std::count_if(suffix_text.begin(), suffix_text.end(), [](char c) { return c == 'l' || c == 'L'; }) != 1)
    return;
  std::string narrow(text.substr(0, suffix));
  if (suffix_text.find_first_of("uU") != std::string_view::npos) narrow += 'U';
  tokens.Replace(index, std::move(narrow));
}

}  // namespace

void NarrowLong(TokenStream& tokens) {
  for (size_t i = 0; i < tokens.Size(); ++i) {
    const Token& token = tokens[i];
    if (!token.user) continue;
    if (token.kind == TokenKind::Number) {
      NarrowLiteral(tokens, i);
      continue;
    }
    if (token.kind != TokenKind::Identifier || !IsSpecifier(token.text)) continue;
    int longs = 0;
    size_t last_long = 0;
    bool has_int = false;
    bool has_double = false;
    size_t end = i;
    for (; tokens.IsIdentifier(end) && IsSpecifier(tokens[end].text); end = tokens.Next(end)) {
      const std::string_view text = tokens[end].text;
      if (text == "long") {
        ++longs;
        last_long = end;
      }
      has_int |= text == "int";
      has_double |= text == "double";
    }
    if (longs == 1 && !has_double) tokens.Replace(last_long, has_int ? "" : "int");
    i = end - 1;
  }
}

}  // namespace ring3::cc
