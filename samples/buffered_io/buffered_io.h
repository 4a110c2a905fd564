// SPDX-License-Identifier: MIT
#define IOCTL_UPPERCASE CTL_CODE(0x8000, 0x800, METHOD_BUFFERED, FILE_ANY_ACCESS)

// The reply: where the driver worked, then the text.
typedef struct _UPPERCASE_REPLY {
  ULONG64 SystemBuffer;
  CHAR Text[1];
} UPPERCASE_REPLY;
