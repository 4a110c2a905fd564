// SPDX-License-Identifier: MIT
#include <unordered_set>

#include "cc/token_pass.h"

namespace ring3::cc {

namespace {

bool IsPlainAnnotation(std::string_view text) {
  static const std::unordered_set<std::string_view> kNames = {"__analysis_noreturn",
                                                              "__callback",
                                                              "__checkReturn",
                                                              "__deref_in",
                                                              "__deref_in_opt",
                                                              "__deref_inout",
                                                              "__deref_inout_opt",
                                                              "__deref_opt_inout",
                                                              "__deref_opt_out",
                                                              "__deref_opt_out_opt",
                                                              "__deref_out",
                                                              "__deref_out_opt",
                                                              "__deref_out_z",
                                                              "__deref_out_z_opt",
                                                              "__fallthrough",
                                                              "__format_string",
                                                              "__in",
                                                              "__in_nz",
                                                              "__in_opt",
                                                              "__in_opt_z",
                                                              "__in_z",
                                                              "__in_z_opt",
                                                              "__inout",
                                                              "__inout_opt",
                                                              "__inout_z",
                                                              "__inout_z_opt",
                                                              "__kernel_entry",
                                                              "__maybenull",
                                                              "__nonvolatile",
                                                              "__notnull",
                                                              "__notvalid",
                                                              "__null",
                                                              "__nullnullterminated",
                                                              "__nullterminated",
                                                              "__out",
                                                              "__out_opt",
                                                              "__out_z",
                                                              "__out_z_opt",
                                                              "__override",
                                                              "__post",
                                                              "__post_invalid",
                                                              "__post_nullterminated",
                                                              "__pre",
                                                              "__readonly",
                                                              "__refparam",
                                                              "__reserved",
                                                              "__rpc__in",
                                                              "__valid",
                                                              "__volatile"};
  return kNames.count(text) != 0;
}

bool IsAnnotationWithArguments(std::string_view text) {
  static const std::unordered_set<std::string_view> kNames = {"__analysis_hint",
                                                              "__assume_bound",
                                                              "__bcount",
                                                              "__bcount_opt",
                                                              "__blocksOn",
                                                              "__byte_readableTo",
                                                              "__byte_writableTo",
                                                              "__control_entrypoint",
                                                              "__deref_bcount",
                                                              "__deref_ecount",
                                                              "__deref_in_range",
                                                              "__deref_inout_bcount",
                                                              "__deref_inout_ecount",
                                                              "__deref_inout_range",
                                                              "__deref_opt_out_bcount",
                                                              "__deref_opt_out_bcount_full",
                                                              "__deref_opt_out_ecount",
                                                              "__deref_out_bcount",
                                                              "__deref_out_bcount_full",
                                                              "__deref_out_bcount_opt",
                                                              "__deref_out_bcount_part",
                                                              "__deref_out_ecount",
                                                              "__deref_out_ecount_full",
                                                              "__deref_out_ecount_opt",
                                                              "__deref_out_ecount_part",
                                                              "__deref_out_range",
                                                              "__ecount",
                                                              "__ecount_opt",
                                                              "__elem_readableTo",
                                                              "__elem_writableTo",
                                                              "__field_bcount",
                                                              "__field_bcount_full",
                                                              "__field_bcount_opt",
                                                              "__field_bcount_part",
                                                              "__field_ecount",
                                                              "__field_ecount_full",
                                                              "__field_ecount_opt",
                                                              "__field_ecount_part",
                                                              "__field_range",
                                                              "__in_awcount",
                                                              "__in_bcount",
                                                              "__in_bcount_nz",
                                                              "__in_bcount_opt",
                                                              "__in_bcount_z",
                                                              "__in_data_source",
                                                              "__in_ecount",
                                                              "__in_ecount_nz",
                                                              "__in_ecount_opt",
                                                              "__in_ecount_z",
                                                              "__in_ecount_z_opt",
                                                              "__in_range",
                                                              "__in_xcount",
                                                              "__inexpressible_readableTo",
                                                              "__inexpressible_writableTo",
                                                              "__inout_bcount",
                                                              "__inout_bcount_full",
                                                              "__inout_bcount_opt",
                                                              "__inout_bcount_part",
                                                              "__inout_bcount_part_opt",
                                                              "__inout_bcount_z",
                                                              "__inout_ecount",
                                                              "__inout_ecount_full",
                                                              "__inout_ecount_opt",
                                                              "__inout_ecount_part",
                                                              "__inout_ecount_part_opt",
                                                              "__inout_ecount_z",
                                                              "__inout_range",
                                                              "__on_failure",
                                                              "__out_awcount",
                                                              "__out_bcount",
                                                              "__out_bcount_full",
                                                              "__out_bcount_full_opt",
                                                              "__out_bcount_opt",
                                                              "__out_bcount_part",
                                                              "__out_bcount_part_opt",
                                                              "__out_bcount_part_z",
                                                              "__out_bcount_z",
                                                              "__out_ecount",
                                                              "__out_ecount_full",
                                                              "__out_ecount_full_opt",
                                                              "__out_ecount_nz",
                                                              "__out_ecount_opt",
                                                              "__out_ecount_part",
                                                              "__out_ecount_part_opt",
                                                              "__out_ecount_part_z",
                                                              "__out_ecount_z",
                                                              "__out_ecount_z_opt",
                                                              "__out_range",
                                                              "__out_validated",
                                                              "__out_xcount",
                                                              "__range",
                                                              "__rpc_entry",
                                                              "__struct_bcount",
                                                              "__struct_xcount",
                                                              "__success",
                                                              "__typefix"};
  return kNames.count(text) != 0;
}

}  // namespace

void EraseAnnotations(TokenStream& tokens) {
  for (size_t i = 0; i < tokens.Size(); ++i) {
    const Token& token = tokens[i];
    if (!token.user || token.kind != TokenKind::Identifier || token.text.substr(0, 2) != "__") continue;
    if (IsPlainAnnotation(token.text)) {
      tokens.Erase(i);
      continue;
    }
    if (!IsAnnotationWithArguments(token.text)) continue;
    const size_t open = tokens.Next(i);
    const size_t close = tokens.Match(open);
    if (!tokens.Is(open, "(") || close == tokens.Size()) continue;
    for (; i <= close; ++i) tokens.Erase(i);
    --i;
  }
}

}  // namespace ring3::cc
