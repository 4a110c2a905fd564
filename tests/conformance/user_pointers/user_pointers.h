// SPDX-License-Identifier: MIT
#ifndef USER_POINTERS_H
#define USER_POINTERS_H

#include "../common/test_ioctl.h"

#define POINTERS_CODE(Number) TEST_CODE(Number, METHOD_NEITHER, FILE_ANY_ACCESS)

// A request of POINTERS_CODE, carried out by a thread of the system that attaches to the application's
// process for it.
#define ATTACHED(Code) ((Code) | CTL_CODE(0, 0x80, METHOD_BUFFERED, FILE_ANY_ACCESS))

// Target[i] = Source[i] ^ Key, *Sum = all of the source added up: through the pointers, inside __try. The
// input is the structure. Completes with the exception, if any.
#define IOCTL_TRANSFORM POINTERS_CODE(1)
// The same, outside __try.
#define IOCTL_TRANSFORM_UNGUARDED POINTERS_CODE(2)
typedef struct _TRANSFORM {
  const UCHAR* Source;
  UCHAR* Target;
  ULONG64 Length;
  ULONG* Sum;
  UCHAR Key;
  BOOLEAN WithoutProbes;
} TRANSFORM;

// Turns each name along the list into capitals, in place, and counts up what the link points to.
#define IOCTL_NAMES POINTERS_CODE(3)
typedef struct _LINK {
  struct _LINK* Next;
  struct _NAME* Name;
  ULONG* Count;
} LINK;
typedef struct _NAME {
  USHORT Length;  // in bytes
  WCHAR* Buffer;
} NAME;

// Locks Source, of Length bytes, and looks at it both by the pointer and by the system address.
#define IOCTL_LOCK_TOO POINTERS_CODE(4)

// Counts the ULONG at *Sum up by one whenever it is odd, ROUNDS times, and sleeps in between.
#define IOCTL_TALK POINTERS_CODE(5)
enum { ROUNDS = 20 };

// The same without sleeping; other applications' requests are answered meanwhile. For memory that is shared
// for good: VirtualAlloc's.
#define IOCTL_POLL POINTERS_CODE(7)

// RECEIVE stays pending until GIVE, made by another thread, writes Key to RECEIVE's Target and completes it.
// GIVE is not through before the ULONG at its Sum is 1, and does not sleep meanwhile.
#define IOCTL_RECEIVE POINTERS_CODE(8)
#define IOCTL_GIVE POINTERS_CODE(9)

// The exception that the last TRANSFORM of this handle's thread met; zeroes when there was none.
#define IOCTL_EXCEPTION TEST_CODE(6, METHOD_BUFFERED, FILE_ANY_ACCESS)
typedef struct _EXCEPTION {
  LONG Code;
  ULONG IsWrite;
  ULONG64 Address;
} EXCEPTION;

#endif
