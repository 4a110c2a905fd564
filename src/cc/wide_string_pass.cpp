// SPDX-License-Identifier: MIT
#include "cc/token_pass.h"

namespace ring3::cc {

void DropReadyMadeWideString(TokenStream& tokens) {
  static constexpr std::string_view kDeclaration[] = {"extern", "template", "class", "basic_string",
                                                      "<",      "wchar_t",  ">",     ";"};
  for (size_t i = 0; i < tokens.Size(); ++i) {
    if (!tokens.Is(i, "extern")) continue;
    size_t at = i;
    for (std::string_view word : kDeclaration) {
      if (!tokens.Is(at, word)) break;
      at = tokens.Next(at);
      if (word != ";") continue;
      for (size_t erased = i; erased < at; erased = tokens.Next(erased)) tokens.Erase(erased);
    }
  }
}

}  // namespace ring3::cc
