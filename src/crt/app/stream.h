// SPDX-License-Identifier: MIT
// What the application's runtime takes from libc. Declared here: libc's own headers have another idea of
// wchar_t.
#ifndef RING3_CRT_APP_STREAM_H
#define RING3_CRT_APP_STREAM_H

#include <cstdarg>
#include <cstddef>

struct _IO_FILE;
using File = _IO_FILE;

extern "C" {
extern File *stdin, *stdout, *stderr;
size_t fwrite(const void* data, size_t size, size_t count, File* file);
size_t fread(void* data, size_t size, size_t count, File* file);
int fputs(const char* text, File* file);
int fputc(int c, File* file);
int fgetc(File* file);
int ungetc(int c, File* file);
int fflush(File* file);
char* fgets(char* to, int size, File* file);
File* fopen(const char* name, const char* mode);
void flockfile(File* file);
void funlockfile(File* file);
void* malloc(size_t size);
void free(void* memory);
char* getenv(const char* name);
int system(const char* command);
int* __errno_location(void);
}

#endif
