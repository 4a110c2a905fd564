// SPDX-License-Identifier: MIT
#include "cc/declaration_scan.h"

namespace ring3::cc {

namespace {

enum class BraceKind { Transparent, Function, Other };

class Scanner {
 public:
  explicit Scanner(const TokenStream& tokens) : tokens_(tokens) {}

  std::vector<FunctionDefinition> Run() {
    ScanScope(tokens_.Next(static_cast<size_t>(-1)), tokens_.Size());
    return std::move(functions_);
  }

 private:
  void ScanScope(size_t at, size_t end) {
    size_t begin = at;
    while (at < end) {
      const std::string_view text = tokens_[at].text;
      if (text == "{") {
        const size_t close = tokens_.Match(at);
        if (close >= end) return;
        switch (Classify(begin, at)) {
          case BraceKind::Transparent:
            ScanScope(tokens_.Next(at), close);
            begin = tokens_.Next(close);
            break;
          case BraceKind::Function:
            functions_.push_back({SkipPrefixes(begin, at), at, close});
            begin = tokens_.Next(close);
            break;
          case BraceKind::Other:
            break;
        }
        at = tokens_.Next(close);
      } else if (text == "(" || text == "[") {
        const size_t close = tokens_.Match(at);
        if (close >= end) return;
        at = tokens_.Next(close);
      } else {
        const bool label =
            text == ":" && at != begin && IsAccessSpecifier(tokens_[tokens_.Previous(at)].text);
        at = tokens_.Next(at);
        if (text == ";" || text == "}" || label) begin = at;
      }
    }
  }

  static bool IsAccessSpecifier(std::string_view text) {
    return text == "public" || text == "private" || text == "protected";
  }

  size_t SkipAngles(size_t at, size_t end) const {
    int depth = 0;
    while (at < end) {
      const std::string_view text = tokens_[at].text;
      if (text == "(") {
        at = tokens_.Match(at);
        if (at >= end) return end;
      } else if (text == "<") {
        ++depth;
      } else if (text == ">" && --depth == 0) {
        return tokens_.Next(at);
      }
      at = tokens_.Next(at);
    }
    return end;
  }

  // Past what an attribute may not stand in front of.
  size_t SkipPrefixes(size_t at, size_t end) const {
    while (at < end) {
      const size_t next = tokens_.Next(at);
      if (tokens_.Is(at, "template") && tokens_.Is(next, "<")) {
        at = SkipAngles(next, end);
      } else if (tokens_.Is(at, "extern") && next < end && tokens_[next].kind == TokenKind::String) {
        at = tokens_.Next(next);
      } else if (tokens_.Is(at, "[")) {
        at = tokens_.Next(tokens_.Match(at));
      } else {
        break;
      }
    }
    return at;
  }

  BraceKind Classify(size_t begin, size_t brace) const {
    const size_t start = SkipPrefixes(begin, brace);
    if (start >= brace) return begin == brace ? BraceKind::Other : BraceKind::Transparent;  // extern "C" {
    bool has_class = false;
    bool has_parameters = false;
    bool has_colon = false;
    for (size_t i = start; i < brace; i = tokens_.Next(i)) {
      const std::string_view text = tokens_[i].text;
      if (text == "namespace") return BraceKind::Transparent;
      if (text == "enum" && !has_parameters) return BraceKind::Other;
      if (text == "operator") return BraceKind::Function;
      if (text == "=") return BraceKind::Other;
      if (text == "class" || text == "struct" || text == "union") has_class = true;
      if (text == ":" && has_class) has_colon = true;
      if (text == "__attribute__" || text == "__declspec" || text == "alignas" || text == "_Alignas" ||
          text == "decltype") {
        const size_t open = tokens_.Next(i);
        if (tokens_.Is(open, "(")) i = tokens_.Match(open);
      } else if (text == "(") {
        has_parameters |= !has_colon;
        i = tokens_.Match(i);
      } else if (text == "[") {
        i = tokens_.Match(i);
      }
      if (i >= brace) break;
    }
    if (has_parameters) return BraceKind::Function;
    return has_class ? BraceKind::Transparent : BraceKind::Other;
  }

  const TokenStream& tokens_;
  std::vector<FunctionDefinition> functions_;
};

}  // namespace

std::vector<FunctionDefinition> FindFunctionDefinitions(const TokenStream& tokens) {
  return Scanner(tokens).Run();
}

}  // namespace ring3::cc
