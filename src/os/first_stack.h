// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>

namespace ring3::os {

// Goes on with `body` on a new thread, with a stack of `stack_bytes`, and gives the stack back that the
// process began with: it lies where applications have theirs. The arguments, the environment and the
// auxiliary vector, which Linux put there, move, and libc is told. The process ends with what `body` returns.
//
// To be called by main with its own `argv`, in a program that has no other thread yet. The first thread
// stays, since Linux takes it for the process: it waits for ever without a stack, deaf to signals.
[[noreturn]] void LeaveFirstStack(char** argv, int (*body)(void* argument), void* argument,
                                  size_t stack_bytes);

}  // namespace ring3::os
