// SPDX-License-Identifier: MIT
#pragma once

namespace ring3::os {

// A program that is linked with AddressSanitizer's runtime and with libc_heap.cpp has libc's heap. The
// sanitizer's lies at the same addresses in every process: a pointer into the heap of an application that has
// it, too, would mean the program's own memory.
//
// Gives back what the sanitizer has reserved for its heap. To be called by main, before there are threads.
void ReleaseSanitizerHeap();

}  // namespace ring3::os
