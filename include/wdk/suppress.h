// SPDX-License-Identifier: MIT
// Numbers of static analysis warnings, for #pragma prefast(suppress: ...).
#ifndef RING3_SUPPRESS_H
#define RING3_SUPPRESS_H

#define __WARNING_USE_OTHER_FUNCTION 28719
#define __WARNING_ERROR 28000
#define __WARNING_MEMORY_LEAK 28197
#define __WARNING_DISPATCH_MISMATCH 28168
#define __WARNING_DISPATCH_MISSING 28169
#define __WARNING_READ_OVERRUN 6385
#define __WARNING_WRITE_OVERRUN 6386

#endif
