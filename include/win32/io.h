// SPDX-License-Identifier: MIT
#ifndef RING3_IO_H
#define RING3_IO_H

#include <ring3_crt_types.h>

RING3_CRT_START

int _access(const char* path, int mode);
int _waccess(const wchar_t* path, int mode);
int _unlink(const char* path);
int isatty(int descriptor);

RING3_CRT_END

#define _isatty isatty

#endif
