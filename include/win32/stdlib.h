// SPDX-License-Identifier: MIT
// No guard of its own around the include: libc asks for parts of its header.
#include_next <stdlib.h>
#ifndef RING3_WIN32_STDLIB_H
#define RING3_WIN32_STDLIB_H

#include <limits.h>
#include <malloc.h>
#include <ring3_crt_stdlib.h>

RING3_CRT_START

int _wsystem(const wchar_t* command);
wchar_t* _wgetenv(const wchar_t* name);

RING3_CRT_END

#endif
