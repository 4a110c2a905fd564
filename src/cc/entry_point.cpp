// SPDX-License-Identifier: MIT
#include "cc/declaration_scan.h"
#include "cc/token_pass.h"

namespace ring3::cc {

namespace {

bool IsEntryPoint(const TokenStream& tokens, size_t index) {
  return tokens.IsIdentifier(index) && (tokens[index].text == "main" || tokens[index].text == "wmain") &&
         tokens.Is(tokens.Next(index), "(");
}

size_t ParameterCount(const TokenStream& tokens, size_t open) {
  const size_t close = tokens.Match(open);
  const size_t first = tokens.Next(open);
  if (first == close || (tokens.Is(first, "void") && tokens.Next(first) == close)) return 0;
  size_t count = 1;
  for (size_t i = first; i < close; i = tokens.Next(i)) {
    if (tokens.Is(i, "(") || tokens.Is(i, "[")) i = tokens.Match(i);
    if (tokens.Is(i, ",")) ++count;
  }
  return count;
}

void Rename(TokenStream& tokens, std::string_view from, const std::string& to) {
  for (size_t i = 0; i < tokens.Size(); ++i) {
    if (!tokens[i].user || !tokens.IsIdentifier(i) || tokens[i].text != from) continue;
    const size_t before = tokens.Previous(i);
    if (!tokens.Is(before, ".") && !tokens.Is(before, "->") && !tokens.Is(before, "::"))
      tokens.Replace(i, to);
  }
}

}  // namespace

std::string RespellEntryPoint(TokenStream& tokens) {
  for (const FunctionDefinition& function : FindFunctionDefinitions(tokens)) {
    if (!tokens[function.begin].user) continue;
    bool is_void = false;
    bool is_int = false;
    for (size_t i = function.begin; i < function.body && !tokens.Is(i, "("); i = tokens.Next(i)) {
      is_void |= tokens.Is(i, "void");
      is_int |= tokens.Is(i, "int");
      if (!IsEntryPoint(tokens, i)) continue;
      const size_t open = tokens.Next(i);
      const size_t parameters = ParameterCount(tokens, open);
      const std::string name(tokens[i].text);
      // Clang gives a C++ wmain a C++ name, and its caller in the runtime library is C.
      const bool mangled = tokens.IsCplusplus() && name == "wmain";
      if (!mangled && is_int && (parameters == 0 || tokens.Is(tokens.Next(open), "int"))) return {};
      if (parameters > 3) return {};
      const std::string renamed = "ring3_" + name;
      Rename(tokens, name, renamed);
      const std::string type = name == "main" ? "char**" : "wchar_t**";
      std::string call = renamed + "(";
      static constexpr std::string_view kArguments[] = {"argc", ", argv", ", envp"};
      for (size_t argument = 0; argument < parameters; ++argument) call += kArguments[argument];
      const std::string body = is_void ? call + "); return 0;" : "return (int)" + call + ");";
      return std::string(tokens.IsCplusplus() && name != "main" ? "extern \"C\" " : "") + "int " + name +
             "(int argc, " + type + " argv, " + type + " envp) { " + body + " }\n";
    }
  }
  return {};
}

}  // namespace ring3::cc
