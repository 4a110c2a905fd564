// SPDX-License-Identifier: MIT
#ifndef RING3_PROCESS_H
#define RING3_PROCESS_H

#include <ring3_crt_types.h>
#include <stdint.h>

RING3_CRT_START

uintptr_t _beginthread(void (*start)(void*), unsigned int stack_size, void* argument);
uintptr_t _beginthreadex(void* security, unsigned int stack_size, unsigned int (*start)(void*), void* argument,
                         unsigned int flags, unsigned int* id);
void _endthread(void);
void _endthreadex(unsigned int exit_code);
int _getpid(void);

RING3_CRT_END

#endif
