// SPDX-License-Identifier: MIT
#include "cc/token_pass.h"

namespace ring3::cc {

std::string RunTokenPass(std::string_view preprocessed, bool is_cplusplus,
                         const std::function<bool(std::string_view)>& is_user, SehForm form) {
  TokenStream tokens(preprocessed, is_cplusplus, is_user);
  if (is_cplusplus) {
    EraseAnnotations(tokens);
    DropReadyMadeWideString(tokens);
  }
  NarrowLong(tokens);
  RespellMicrosoft(tokens);
  RewriteSeh(tokens, form);
  const std::string entry_point = RespellEntryPoint(tokens);
  return tokens.Emit() + entry_point;
}

}  // namespace ring3::cc
