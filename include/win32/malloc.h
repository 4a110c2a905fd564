// SPDX-License-Identifier: MIT
#include_next <malloc.h>
#ifndef RING3_WIN32_MALLOC_H
#define RING3_WIN32_MALLOC_H

#include <alloca.h>
#include <ring3_crt_types.h>

RING3_CRT_START

void* _aligned_malloc(size_t size, size_t alignment);
void _aligned_free(void* memory);

RING3_CRT_END

#define _alloca(size) alloca(size)
#define _malloca(size) malloc(size)
#define _freea(memory) free(memory)
#define _msize(memory) malloc_usable_size(memory)

#endif
