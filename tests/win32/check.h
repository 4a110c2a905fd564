// SPDX-License-Identifier: MIT
// A client checks itself and exits with 1 when something was not as documented.
#pragma once

#include <windows.h>

#include <stdio.h>

static int g_failures;

#define CHECK(condition)                                                        \
  do {                                                                          \
    if (!(condition)) {                                                         \
      fprintf(stderr, "%s:%d: %s is not so\n", __FILE__, __LINE__, #condition); \
      ++g_failures;                                                             \
    }                                                                           \
  } while (0)

#define CHECK_EQ(actual, expected)                                                               \
  do {                                                                                           \
    const long long actual_value = (long long)(actual);                                          \
    const long long expected_value = (long long)(expected);                                      \
    if (actual_value != expected_value) {                                                        \
      fprintf(stderr, "%s:%d: %s is %lld (0x%llx), not %s, %lld\n", __FILE__, __LINE__, #actual, \
              actual_value, actual_value, #expected, expected_value);                            \
      ++g_failures;                                                                              \
    }                                                                                            \
  } while (0)

// `call` fails (gives `failure`) with the last error `error`.
#define CHECK_FAILS_AS(call, failure, error) \
  do {                                       \
    SetLastError(0xBADBAD);                  \
    CHECK((call) == (failure));              \
    CHECK_EQ(GetLastError(), error);         \
  } while (0)
#define CHECK_FAILS(call, error) CHECK_FAILS_AS(call, FALSE, error)

static inline int Finish(void) {
  if (g_failures != 0) fprintf(stderr, "%d checks failed\n", g_failures);
  return g_failures != 0;
}
