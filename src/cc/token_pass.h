// SPDX-License-Identifier: MIT
// What stands between preprocessing and compiling: Windows' C becomes clang's C. Line markers and line ends
// are kept, so that diagnostics, debuggers and coverage see the file that was written.
#ifndef RING3_CC_TOKEN_PASS_H
#define RING3_CC_TOKEN_PASS_H

#include <functional>
#include <string>
#include <string_view>

#include "cc/token.h"

namespace ring3::cc {

// Plain `long` becomes the 32-bit `int`, and integer literals lose a single L suffix. `long long` and `long
// double` stay.
void NarrowLong(TokenStream& tokens);

// Spellings that only Microsoft's compiler accepts: pragmas without a meaning here, `sizeof type`,
// Windows-1252 bytes in wide strings, inline functions of C that every file defines anew.
void RespellMicrosoft(TokenStream& tokens);

// The first generation of source annotations (`__in`, `__out_bcount(n)`): out of user files, where they are
// no macros.
void EraseAnnotations(TokenStream& tokens);

// libstdc++ promises a ready-made std::wstring, which has 32-bit characters: the promise is taken back.
void DropReadyMadeWideString(TokenStream& tokens);

// `__try/__except/__finally/__leave` become statements over the runtime of ring3_seh.h, and the functions
// that hold them are compiled without optimisation, so that every local variable is in memory when an
// exception comes. Counted: so that clang's coverage counters come out right (and its warnings about missing
// returns do not).
enum class SehForm { Plain, Counted };
void RewriteSeh(TokenStream& tokens, SehForm form);

// Entry points of applications as only Microsoft's compiler takes them (`void main(ULONG argc, PCHAR
// argv[])`): renamed, and called by one that clang takes. Returns the text of that one, to stand behind
// everything else.
std::string RespellEntryPoint(TokenStream& tokens);

// All of the above.
std::string RunTokenPass(std::string_view preprocessed, bool is_cplusplus,
                         const std::function<bool(std::string_view)>& is_user, SehForm form = SehForm::Plain);

}  // namespace ring3::cc

#endif
