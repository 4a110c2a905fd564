// SPDX-License-Identifier: MIT
// The debug heap's macros; a sanitizer does the work here.
#ifndef RING3_CRTDBG_H
#define RING3_CRTDBG_H

#include <assert.h>

#define _ASSERT(e) assert(e)
#define _ASSERTE(e) assert(e)
#define _CrtSetDbgFlag(flag) (0)
#define _CrtDumpMemoryLeaks() (0)
#define _CRTDBG_ALLOC_MEM_DF 0x01
#define _CRTDBG_LEAK_CHECK_DF 0x20

#endif
