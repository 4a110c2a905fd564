// SPDX-License-Identifier: MIT
#include <string>
#include <vector>

#include "cc/declaration_scan.h"
#include "cc/token_pass.h"

namespace ring3::cc {

namespace {

bool IsTry(std::string_view text) {
  return text == "__try" || text == "_try" || text == "try";
}
bool IsExcept(std::string_view text) {
  return text == "__except" || text == "_except" || text == "except";
}
bool IsFinally(std::string_view text) {
  return text == "__finally" || text == "_finally" || text == "finally";
}
bool IsLeave(std::string_view text) {
  return text == "__leave" || text == "_leave" || text == "leave";
}

// The member of RING3_SEH_FRAME that an intrinsic of excpt.h reads.
std::string_view IntrinsicMember(std::string_view text) {
  if (text == "_exception_code" || text == "__exception_code") return "code";
  if (text == "_exception_info" || text == "__exception_info") return "info";
  if (text == "_abnormal_termination" || text == "__abnormal_termination") return "abnormal";
  return {};
}

class SehRewriter {
 public:
  SehRewriter(TokenStream& tokens, SehForm form) : tokens_(tokens), form_(form) {}

  void Run() {
    for (const FunctionDefinition& function : FindFunctionDefinitions(tokens_)) {
      const int first = next_frame_;
      RewriteRange(tokens_.Next(function.body), function.body_end, {});
      if (next_frame_ != first) Deoptimize(function);
    }
  }

 private:
  struct Context {
    int leave = 0;         // the frame whose guarded body a `__leave` leaves
    int frame = 0;         // the frame that the intrinsics ask
    bool* left = nullptr;  // set when a `__leave` was seen
  };

  void RewriteRange(size_t at, size_t end, const Context& context) {
    while (at < end) {
      const Token& token = tokens_[at];
      if (tokens_.IsCplusplus() && token.user && token.text == "[") {
        at = RewriteLambda(at, end);
        continue;
      }
      if (!token.user || token.kind != TokenKind::Identifier) {
        at = tokens_.Next(at);
        continue;
      }
      if (IsTry(token.text)) {
        const size_t after = RewriteTry(at, end, context);
        if (after != at) {
          at = after;
          continue;
        }
      }
      if (IsLeave(token.text) && context.left && tokens_.Is(tokens_.Next(at), ";")) {
        tokens_.Replace(at, "goto __ring3_leave_" + std::to_string(context.leave));
        *context.left = true;
      }
      const std::string_view member = IntrinsicMember(token.text);
      if (!member.empty() && context.frame != 0) {
        const size_t open = tokens_.Next(at);
        if (tokens_.Is(open, "(")) {
          tokens_.Replace(at, "(" + Frame(context.frame) + "." + std::string(member) + ")");
          tokens_.Erase(open);
          tokens_.Erase(tokens_.Match(open));
        }
      }
      at = tokens_.Next(at);
    }
  }

  // A lambda is a function of its own: its guarded regions are, and it is compiled without optimisation
  // itself. Returns where to go on: inside, where the bracket introduces no lambda.
  size_t RewriteLambda(size_t bracket, size_t end) {
    size_t at = tokens_.Next(bracket);
    const size_t before = tokens_.Previous(bracket);
    const size_t close = tokens_.Match(bracket);
    const bool subscripts = tokens_.IsIdentifier(before) && !tokens_.Is(before, "return");
    if (subscripts || tokens_.Is(before, ")") || tokens_.Is(before, "]") || tokens_.Is(at, "[") ||
        close >= end)
      return at;
    const size_t open = tokens_.Next(close);
    const bool has_parameters = tokens_.Is(open, "(");
    const size_t declarator_end = has_parameters ? tokens_.Match(open) : close;
    if (declarator_end >= end) return at;
    size_t body = tokens_.Next(declarator_end);
    for (; body < end && !tokens_.Is(body, "{"); body = tokens_.Next(body)) {
      for (std::string_view stop : {";", ",", ")", "}", "=", "?"}) {
        if (tokens_.Is(body, stop)) return at;
      }
    }
    const size_t body_end = body < end ? tokens_.Match(body) : end;
    if (body_end >= end) return at;
    const int first = next_frame_;
    RewriteRange(tokens_.Next(body), body_end, {});
    if (next_frame_ != first) {
      tokens_.InsertAfter(declarator_end, has_parameters ? " __attribute__((optnone, noinline))"
                                                         : " () __attribute__((optnone, noinline))");
    }
    return tokens_.Next(body_end);
  }

  // Returns where to go on; `at` itself when this is a C++ try, or no try at all.
  size_t RewriteTry(size_t at, size_t end, const Context& context) {
    const size_t body = tokens_.Next(at);
    if (!tokens_.Is(body, "{")) return at;
    const size_t body_end = tokens_.Match(body);
    const size_t keyword = body_end < end ? tokens_.Next(body_end) : end;
    if (keyword >= end) return at;
    const bool is_except = IsExcept(tokens_[keyword].text);
    if (!is_except && !IsFinally(tokens_[keyword].text)) return at;

    const int id = ++next_frame_;
    const std::string number = std::to_string(id);
    const std::string frame = "{ RING3_SEH_FRAME " + Frame(id) + " __attribute__((cleanup(Ring3SehLeave))); ";
    Context inner = context;
    bool left = false;
    inner.leave = id;
    inner.left = &left;
    RewriteRange(tokens_.Next(body), body_end, inner);
    // The body's end and `__leave` are the ways out that AbnormalTermination() calls normal.
    tokens_.InsertAfter(body_end,
                        (left ? " __ring3_leave_" + number + ": " : " ") + Frame(id) + ".abnormal = 0; }");

    Context handler_context = context;
    handler_context.frame = id;
    const std::string step = "__ring3_step_" + number;
    tokens_.Replace(at, frame + "int " + step + " = Ring3SehEnter(&" + Frame(id) +
                            (is_except ? ", 0" : ", 1") + "); if (" + step + " == 0) {");
    if (is_except) {
      const size_t open = tokens_.Next(keyword);
      const size_t close = tokens_.Match(open);
      const size_t handler = close < end ? tokens_.Next(close) : end;
      if (!tokens_.Is(open, "(") || !tokens_.Is(handler, "{")) return body;
      const size_t handler_end = tokens_.Match(handler);
      if (handler_end >= end) return body;
      tokens_.Replace(keyword, "else if (" + step + " == 1) { " + std::string(FilterCall()) + "(&" +
                                   Frame(id) + ", (int)");
      RewriteRange(tokens_.Next(open), close, handler_context);
      tokens_.InsertAfter(close, "); } else if (" + step + " == 2)");
      RewriteRange(tokens_.Next(handler), handler_end, handler_context);
      tokens_.InsertAfter(handler_end, std::string(End()));
      return tokens_.Next(handler_end);
    }
    const size_t handler = tokens_.Next(keyword);
    if (!tokens_.Is(handler, "{")) return body;
    const size_t handler_end = tokens_.Match(handler);
    if (handler_end >= end) return body;
    tokens_.Replace(keyword, "else if (" + step + " == 1) {");
    RewriteRange(tokens_.Next(handler), handler_end, handler_context);
    tokens_.InsertAfter(
        handler_end, " " + std::string(FinallyDoneCall()) + "(&" + Frame(id) + "); }" + std::string(End()));
    return tokens_.Next(handler_end);
  }

  // Without optimisation every local is in memory at every instruction; inlining would undo that.
  void Deoptimize(const FunctionDefinition& function) {
    tokens_.InsertBefore(function.begin, "__attribute__((optnone, noinline)) ");
    for (size_t i = function.begin; i < function.body; i = tokens_.Next(i)) {
      const std::string_view text = tokens_[i].text;
      if (text == "always_inline" || text == "__always_inline__") tokens_.Replace(i, "unused");
      if (text == "__forceinline") tokens_.Replace(i, "__inline");
    }
  }

  // Each way of Ring3SehEnter's has a condition of its own: it returns more than once, and coverage derives
  // the count of a plain `else`, and of what follows, from the others. It must not learn that some ways do
  // not come back.
  std::string_view End() const {
    return form_ == SehForm::Counted ? " }" : " else __builtin_unreachable(); }";
  }
  std::string_view FilterCall() const {
    return form_ == SehForm::Counted ? "((void (*)(RING3_SEH_FRAME*, int))Ring3SehFilter)" : "Ring3SehFilter";
  }
  std::string_view FinallyDoneCall() const {
    return form_ == SehForm::Counted ? "((void (*)(RING3_SEH_FRAME*))Ring3SehFinallyDone)"
                                     : "Ring3SehFinallyDone";
  }

  static std::string Frame(int id) { return "__ring3_seh_" + std::to_string(id); }

  TokenStream& tokens_;
  SehForm form_;
  int next_frame_ = 0;
};

}  // namespace

void RewriteSeh(TokenStream& tokens, SehForm form) {
  SehRewriter(tokens, form).Run();
}

}  // namespace ring3::cc
