// SPDX-License-Identifier: MIT
// SHARE is left pending: until FINISH its output buffer is the driver's as well as the application's.
// EXCHANGE makes the driver look at what the application wrote there meanwhile, and answer in place.
#define IOCTL_SHARE CTL_CODE(0x8000, 0x810, METHOD_OUT_DIRECT, FILE_ANY_ACCESS)
#define IOCTL_EXCHANGE CTL_CODE(0x8000, 0x811, METHOD_BUFFERED, FILE_ANY_ACCESS)
#define IOCTL_FINISH CTL_CODE(0x8000, 0x812, METHOD_BUFFERED, FILE_ANY_ACCESS)
// The driver adds up the buffer that it gets.
#define IOCTL_SUM CTL_CODE(0x8000, 0x813, METHOD_IN_DIRECT, FILE_ANY_ACCESS)
// Does nothing but have the buffer locked.
#define IOCTL_TOUCH CTL_CODE(0x8000, 0x814, METHOD_OUT_DIRECT, FILE_ANY_ACCESS)

typedef struct _EXCHANGE_REPLY {
  ULONG64 SystemAddress;
  ULONG64 SumOfWords;
} EXCHANGE_REPLY;
