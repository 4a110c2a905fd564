// SPDX-License-Identifier: MIT
#ifndef RING3_STRING_H
#define RING3_STRING_H

#include <ring3_crt_string.h>
#include <ring3_crt_wide.h>

RING3_CRT_START

void* memcpy(void* to, const void* from, size_t count);
void* memmove(void* to, const void* from, size_t count);
void* memset(void* to, int byte, size_t count);
int memcmp(const void* a, const void* b, size_t count);
void* memchr(const void* buffer, int byte, size_t count);
size_t strlen(const char* text);
size_t strnlen(const char* text, size_t size);
int strcmp(const char* a, const char* b);
int strncmp(const char* a, const char* b, size_t count);
char* strcpy(char* to, const char* from);
char* strncpy(char* to, const char* from, size_t count);
char* strcat(char* to, const char* from);
char* strncat(char* to, const char* from, size_t count);
char* strchr(const char* text, int c);
char* strrchr(const char* text, int c);
char* strstr(const char* text, const char* part);
size_t strspn(const char* text, const char* set);
size_t strcspn(const char* text, const char* set);
char* strpbrk(const char* text, const char* set);
char* strtok(char* text, const char* delimiters);

RING3_CRT_END

#define strnlen_s(text, size) ((text) ? strnlen(text, size) : 0)

#endif
