// SPDX-License-Identifier: MIT
#ifndef RING3_STDLIB_H
#define RING3_STDLIB_H

#include <limits.h>
#include <ring3_crt_stdlib.h>

RING3_CRT_START

int atoi(const char* text);
int atol(const char* text);
int strtol(const char* text, char** end, int base);
unsigned int strtoul(const char* text, char** end, int base);
long long strtoll(const char* text, char** end, int base);
unsigned long long strtoull(const char* text, char** end, int base);
int wcstol(const wchar_t* text, wchar_t** end, int base);
unsigned int wcstoul(const wchar_t* text, wchar_t** end, int base);
size_t mbstowcs(wchar_t* to, const char* from, size_t count);
size_t wcstombs(char* to, const wchar_t* from, size_t count);
int mbtowc(wchar_t* to, const char* from, size_t count);
int wctomb(char* to, wchar_t c);
void qsort(void* base, size_t count, size_t size, int (*compare)(const void*, const void*));
void* bsearch(const void* key, const void* base, size_t count, size_t size, int (*compare)(const void*, const void*));
int rand(void);
void srand(unsigned int seed);
int abs(int value);
int labs(int value);
long long llabs(long long value);

RING3_CRT_END

#define RAND_MAX 0x7fff
#ifndef __cplusplus
#define max(a, b) (((a) > (b)) ? (a) : (b))
#define min(a, b) (((a) < (b)) ? (a) : (b))
#endif

#endif
