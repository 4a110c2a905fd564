// SPDX-License-Identifier: MIT
// Standard routines that an application has from libc, for drivers: ASCII character classes, sorting, random
// numbers.
#include "crt/text.h"

using namespace ring3::crt;

namespace {

uint32_t random_state = 1;

void Swap(char* a, char* b, size_t size) {
  for (size_t i = 0; i < size; ++i) {
    const char c = a[i];
    a[i] = b[i];
    b[i] = c;
  }
}

// Restores the heap order of `base[0, count)` below `root`.
void SiftDown(char* base, size_t root, size_t count, size_t size, int (*compare)(const void*, const void*)) {
  for (size_t child; (child = 2 * root + 1) < count; root = child) {
    if (child + 1 < count && compare(base + child * size, base + (child + 1) * size) < 0) ++child;
    if (compare(base + root * size, base + child * size) >= 0) return;
    Swap(base + root * size, base + child * size, size);
  }
}

}  // namespace

extern "C" {

int isdigit(int c) {
  return c >= '0' && c <= '9';
}
int isupper(int c) {
  return c >= 'A' && c <= 'Z';
}
int islower(int c) {
  return c >= 'a' && c <= 'z';
}
int isalpha(int c) {
  return isupper(c) || islower(c);
}
int isalnum(int c) {
  return isalpha(c) || isdigit(c);
}
int isspace(int c) {
  return IsSpace(c);
}
int isxdigit(int c) {
  return isdigit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}
int isprint(int c) {
  return c >= 0x20 && c < 0x7F;
}
int isgraph(int c) {
  return c > 0x20 && c < 0x7F;
}
int ispunct(int c) {
  return isgraph(c) && !isalnum(c);
}
int iscntrl(int c) {
  return (c >= 0 && c < 0x20) || c == 0x7F;
}
int isascii(int c) {
  return c >= 0 && c < 0x80;
}
int __isascii(int c) {
  return isascii(c);
}
int toupper(int c) {
  return islower(c) ? c - 0x20 : c;
}
int tolower(int c) {
  return isupper(c) ? c + 0x20 : c;
}
int _toupper(int c) {
  return c - 0x20;
}
int _tolower(int c) {
  return c + 0x20;
}

int abs(int value) {
  return value < 0 ? -value : value;
}
int labs(int value) {
  return value < 0 ? -value : value;
}
long long llabs(long long value) {
  return value < 0 ? -value : value;
}
long long strtoll(const char* text, char** end, int base) {
  return ParseSigned<int64_t>(text, end, base);
}
unsigned long long strtoull(const char* text, char** end, int base) {
  return ParseUnsigned<uint64_t>(text, end, base);
}

// No recursion and no memory: a kernel stack is small.
void qsort(void* base, size_t count, size_t size, int (*compare)(const void*, const void*)) {
  char* const items = static_cast<char*>(base);
  for (size_t root = count / 2; root-- > 0;) SiftDown(items, root, count, size, compare);
  for (size_t end = count; end > 1;) {
    --end;
    Swap(items, items + end * size, size);
    SiftDown(items, 0, end, size, compare);
  }
}

void* bsearch(const void* key, const void* base, size_t count, size_t size,
              int (*compare)(const void*, const void*)) {
  const char* items = static_cast<const char*>(base);
  while (count != 0) {
    const size_t middle = count / 2;
    const char* const item = items + middle * size;
    const int order = compare(key, item);
    if (order == 0) return const_cast<char*>(item);
    if (order > 0) {
      items = item + size;
      count -= middle + 1;
    } else {
      count = middle;
    }
  }
  return nullptr;
}

void srand(unsigned seed) {
  __atomic_store_n(&random_state, seed, __ATOMIC_RELAXED);
}

int rand(void) {
  const uint32_t next = __atomic_load_n(&random_state, __ATOMIC_RELAXED) * 1664525u + 1013904223u;
  __atomic_store_n(&random_state, next, __ATOMIC_RELAXED);
  return static_cast<int>(next >> 16 & 0x7FFF);
}

char* strtok(char* text, const char* delimiters) {
  static char* context;
  return NextToken(text, delimiters, &context);
}
}
