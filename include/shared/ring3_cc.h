// SPDX-License-Identifier: MIT
// What Microsoft's compiler knows without being told. ring3-cc includes it ahead of every source.
#ifndef RING3_CC_H
#define RING3_CC_H

#ifndef __cplusplus
typedef __WCHAR_TYPE__ wchar_t;
#endif
typedef __SIZE_TYPE__ size_t;

#include <ring3_seh.h>

#endif
