// SPDX-License-Identifier: MIT
#ifndef TRUE_SHARING_H
#define TRUE_SHARING_H

#include "../common/test_ioctl.h"

// Stay pending until PLAY or FINISH completes them. The last one is locked by the driver itself.
#define IOCTL_SHARE TEST_CODE(1, METHOD_OUT_DIRECT, FILE_ANY_ACCESS)
#define IOCTL_SHARE_IN TEST_CODE(2, METHOD_IN_DIRECT, FILE_ANY_ACCESS)
#define IOCTL_SHARE_NEITHER TEST_CODE(3, METHOD_NEITHER, FILE_ANY_ACCESS)

// Plays ROUNDS rounds with the application through the oldest pending buffer, then completes it. The first
// byte says whose turn it is; who has it finds what the other side wrote all over the buffer, writes anew,
// and hands over. Where one of them had a copy, no round would ever end: the driver gives up after a while.
#define IOCTL_PLAY TEST_CODE(4, METHOD_BUFFERED, FILE_ANY_ACCESS)
// Gives the first byte of the oldest pending buffer as it is now.
#define IOCTL_PEEK TEST_CODE(5, METHOD_BUFFERED, FILE_ANY_ACCESS)

// Writes into the oldest pending buffer, which stays pending.
#define IOCTL_FILL TEST_CODE(6, METHOD_BUFFERED, FILE_ANY_ACCESS)
typedef struct _FILL {
  ULONG Offset, Length;
  UCHAR Value;
} FILL;

enum { ROUNDS = 50, SHARING_PAGE = 4096 };

// What a side writes at an offset in a round: never zero.
static inline UCHAR Mark(ULONG Round, ULONG Offset, int Driver) {
  return (UCHAR)((Round * 7 + Offset / SHARING_PAGE * 3 + Offset + (Driver ? 101 : 13)) % 251 + 1);
}
static inline UCHAR TurnOf(ULONG Round, int Driver) {
  return (UCHAR)((Round * 2 - (Driver ? 0 : 1)) % 256);
}

// The next offset of a buffer that is written: each page's first byte in the buffer, and the last byte.
static inline ULONG NextOffset(ULONG Offset, ULONG Length) {
  Offset += SHARING_PAGE;
  return Offset < Length ? Offset : Length - 1;
}

#endif
