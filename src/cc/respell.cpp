// SPDX-License-Identifier: MIT
#include <algorithm>
#include <array>
#include <cctype>
#include <cstdio>
#include <iterator>

#include "cc/declaration_scan.h"
#include "cc/token_pass.h"

namespace ring3::cc {

namespace {

// Pragmas that mean something to clang and nothing else; all others are Microsoft's, and silent.
void FilterPragma(TokenStream& tokens, size_t index) {
  const std::string_view line = tokens[index].text;
  size_t at = line.find_first_not_of(" \t", 1);
  if (at == std::string_view::npos || line.substr(at, 6) != "pragma") return;
  at = line.find_first_not_of(" \t", at + 6);
  if (at == std::string_view::npos) return;
  const std::string_view word = line.substr(at, line.find_first_of(" \t(", at) - at);
  static constexpr std::string_view kKept[] = {"pack",    "clang",      "GCC",       "STDC",
                                               "message", "push_macro", "pop_macro", "weak"};
  if (std::find(std::begin(kKept), std::end(kKept), word) == std::end(kKept)) tokens.Erase(index);
}

bool IsTypeKeyword(std::string_view text) {
  static constexpr std::string_view kKeywords[] = {
      "void",   "char",     "short",   "int",      "long",    "float", "double",
      "signed", "unsigned", "const",   "volatile", "struct",  "union", "enum",
      "__int8", "__int16",  "__int32", "__int64",  "wchar_t", "bool",  "_Bool"};
  return std::find(std::begin(kKeywords), std::end(kKeywords), text) != std::end(kKeywords);
}

// `sizeof ULONG` and `sizeof struct X`: parentheses are right around a type and around a lone name alike.
void ParenthesizeSizeof(TokenStream& tokens, size_t index) {
  const size_t first = tokens.Next(index);
  if (!tokens.IsIdentifier(first)) return;
  size_t last = first;
  if (IsTypeKeyword(tokens[first].text)) {
    bool tagged = false;
    for (size_t i = first; tokens.IsIdentifier(i); i = tokens.Next(i)) {
      const bool keyword = IsTypeKeyword(tokens[i].text);
      if (!keyword && !tagged) break;
      tagged = tokens[i].text == "struct" || tokens[i].text == "union" || tokens[i].text == "enum";
      last = i;
    }
  } else {
    const size_t after = tokens.Next(first);
    for (std::string_view postfix : {"[", ".", "->", "(", "::", "++", "--", "<"}) {
      if (tokens.Is(after, postfix)) return;
    }
  }
  tokens.InsertBefore(first, "(");
  tokens.InsertAfter(last, ")");
}

// The length of the UTF-8 sequence at the head of `text`, 0 where there is none.
size_t Utf8Length(std::string_view text) {
  const auto byte = [&](size_t i) { return static_cast<unsigned char>(text[i]); };
  const size_t length = byte(0) < 0x80                      ? 1
                        : byte(0) >= 0xC2 && byte(0) < 0xE0 ? 2
                        : byte(0) >= 0xE0 && byte(0) < 0xF0 ? 3
                        : byte(0) >= 0xF0 && byte(0) < 0xF5 ? 4
                                                            : 0;
  if (length == 0 || length > text.size()) return 0;
  for (size_t i = 1; i < length; ++i) {
    if ((byte(i) & 0xC0) != 0x80) return 0;
  }
  return length;
}

// A byte that is no UTF-8 is Windows-1252, the code page that such files are written in.
void DecodeWindows1252(TokenStream& tokens, size_t index) {
  static constexpr std::array<unsigned short, 32> kHigh = {
      0x20AC, 0x81,   0x201A, 0x0192, 0x201E, 0x2026, 0x2020, 0x2021, 0x02C6, 0x2030, 0x0160,
      0x2039, 0x0152, 0x8D,   0x017D, 0x8F,   0x90,   0x2018, 0x2019, 0x201C, 0x201D, 0x2022,
      0x2013, 0x2014, 0x02DC, 0x2122, 0x0161, 0x203A, 0x0153, 0x9D,   0x017E, 0x0178};
  const std::string_view text = tokens[index].text;
  if (text[0] != 'L' || std::none_of(text.begin(), text.end(), [](char c) { return c & 0x80; })) return;
  std::string decoded;
  bool changed = false;
  for (size_t i = 0; i < text.size();) {
    if (const size_t length = Utf8Length(text.substr(i)); length != 0) {
      decoded += text.substr(i, length);
      i += length;
      continue;
    }
    const auto byte = static_cast<unsigned char>(text[i++]);
    const unsigned code = byte < 0xA0 ? kHigh[byte - 0x80] : byte;
    const auto append = [&](unsigned char c) { decoded += static_cast<char>(c); };
    if (code >= 0x800) {
      append(0xE0 | code >> 12);
      append(0x80 | (code >> 6 & 0x3F));
    } else {
      append(0xC0 | code >> 6);
    }
    append(0x80 | (code & 0x3F));
    changed = true;
  }
  if (changed) tokens.Replace(index, std::move(decoded));
}

// Microsoft's C emits one copy of an inline function that several files define; a copy in each file does as
// well.
void MakeInlineFunctionsLocal(TokenStream& tokens) {
  if (tokens.IsCplusplus()) return;
  for (const FunctionDefinition& function : FindFunctionDefinitions(tokens)) {
    if (!tokens[function.begin].user) continue;
    bool is_inline = false;
    bool has_storage = false;
    for (size_t i = function.begin; i < function.body; i = tokens.Next(i)) {
      const std::string_view text = tokens[i].text;
      is_inline |= text == "inline" || text == "__inline" || text == "__inline__" ||
                   text == "__forceinline" || text == "_inline";
      has_storage |= text == "static" || text == "extern";
    }
    if (is_inline && !has_storage) tokens.InsertBefore(function.begin, "static ");
  }
}

}  // namespace

void RespellMicrosoft(TokenStream& tokens) {
  for (size_t i = 0; i < tokens.Size(); ++i) {
    const Token& token = tokens[i];
    if (!token.user) continue;
    if (token.kind == TokenKind::Directive) {
      FilterPragma(tokens, i);
    } else if (token.kind == TokenKind::String || token.kind == TokenKind::Character) {
      DecodeWindows1252(tokens, i);
    } else if (token.kind == TokenKind::Identifier && token.text == "sizeof") {
      ParenthesizeSizeof(tokens, i);
    }
  }
  MakeInlineFunctionsLocal(tokens);
}

}  // namespace ring3::cc
