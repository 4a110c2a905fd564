// SPDX-License-Identifier: MIT
// Tokens of preprocessed C and C++ text, and edits to them.
#ifndef RING3_CC_TOKEN_H
#define RING3_CC_TOKEN_H

#include <functional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace ring3::cc {

enum class TokenKind { Identifier, Number, String, Character, Punctuator, Directive };

struct Token {
  TokenKind kind;
  bool user;                 // from a file that passes may change
  std::string_view leading;  // white space before the token
  std::string_view text;     // a directive: the whole line, without its end
};

// `# 12 "file" 1 3`: the next line is line 12 of that file, which is entered (1) or returned to (2).
struct LineMarker {
  size_t line = 0;
  std::string file;
  bool enters = false;
  bool returns = false;
};

// False when the line is no marker.
bool ParseLineMarker(std::string_view line, LineMarker& marker);

// The tokens of one translation unit and the edits collected so far. Views point into the text given, which
// must outlive it. Edits never add or remove a line end: what follows keeps its line number.
class TokenStream {
 public:
  // `is_user` tells from the name in a line marker whether the file's tokens may be changed.
  TokenStream(std::string_view text, bool is_cplusplus, const std::function<bool(std::string_view)>& is_user);

  bool IsCplusplus() const { return is_cplusplus_; }
  size_t Size() const { return tokens_.size(); }
  const Token& operator[](size_t index) const { return tokens_[index]; }
  bool Is(size_t index, std::string_view text) const { return index < Size() && tokens_[index].text == text; }
  bool IsIdentifier(size_t index) const {
    return index < Size() && tokens_[index].kind == TokenKind::Identifier;
  }

  // The nearest token after or before `index` that is no directive; Size() when there is none.
  size_t Next(size_t index) const;
  size_t Previous(size_t index) const;
  // The index of the bracket that closes the one at `index`; Size() when it is never closed.
  size_t Match(size_t index) const;

  void Replace(size_t index, std::string text);
  void Erase(size_t index) { Replace(index, {}); }
  void InsertBefore(size_t index, std::string_view text);  // before what stands there already
  void InsertAfter(size_t index, std::string_view text);   // after what stands there already

  std::string Emit() const;

 private:
  struct Edit {
    std::string before, replacement, after;
    bool replaced = false;
  };

  std::vector<Token> tokens_;
  std::vector<size_t> match_;
  std::unordered_map<size_t, Edit> edits_;
  std::string_view trailing_;
  bool is_cplusplus_;
};

}  // namespace ring3::cc

#endif
