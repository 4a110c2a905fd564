// SPDX-License-Identifier: MIT
// What the headers of the C runtime have in common, for drivers and applications.
#ifndef RING3_CRT_TYPES_H
#define RING3_CRT_TYPES_H

#include <stdarg.h>
#include <stddef.h>

#ifdef __cplusplus
#define RING3_CRT_START extern "C" {
#define RING3_CRT_END }
#else
#define RING3_CRT_START
#define RING3_CRT_END
#endif

#ifndef _ERRNO_T_DEFINED
#define _ERRNO_T_DEFINED
typedef int errno_t;
#endif
#ifndef _RSIZE_T_DEFINED
#define _RSIZE_T_DEFINED
typedef size_t rsize_t;
#endif
typedef struct ring3_locale* _locale_t;

#define _TRUNCATE ((size_t)-1)
#define _CRTIMP
#define _CRT_SECURE_NO_DEPRECATE 1
#ifndef _countof
#define _countof(array) (sizeof(array) / sizeof((array)[0]))
#endif

#endif
