// SPDX-License-Identifier: MIT
#define IOCTL_FILL_PIECES CTL_CODE(0x8000, 0x820, METHOD_NEITHER, FILE_ANY_ACCESS)

// A user structure with a pointer in it: the driver follows it in the caller's address space.
typedef struct _PIECE {
  PUCHAR Data;
  SIZE_T Length;
  UCHAR Value;        // what the driver fills the piece with
  ULONG SumOfBefore;  // what it found there, added up: written by the driver
} PIECE, *PPIECE;
