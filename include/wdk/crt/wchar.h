// SPDX-License-Identifier: MIT
#ifndef RING3_WCHAR_H
#define RING3_WCHAR_H

#include <ring3_crt_string.h>
#include <ring3_crt_wide.h>
#include <stdio.h>
#include <stdlib.h>

#ifndef WCHAR_MIN
#define WCHAR_MIN 0
#endif
#ifndef WCHAR_MAX
#define WCHAR_MAX 0xffff
#endif

#endif
