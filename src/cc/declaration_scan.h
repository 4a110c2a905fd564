// SPDX-License-Identifier: MIT
// Finds the function definitions of a translation unit without parsing it: by brackets, and by what stands
// before `{`.
#ifndef RING3_CC_DECLARATION_SCAN_H
#define RING3_CC_DECLARATION_SCAN_H

#include <vector>

#include "cc/token.h"

namespace ring3::cc {

struct FunctionDefinition {
  size_t begin;     // where its declaration specifiers begin, after `template <…>`, `extern "C"` and `[[…]]`
  size_t body;      // its `{`
  size_t body_end;  // the matching `}`
};

// In the order of the text. Namespaces, linkage specifications and class bodies are looked into; function
// bodies are not.
std::vector<FunctionDefinition> FindFunctionDefinitions(const TokenStream& tokens);

}  // namespace ring3::cc

#endif
