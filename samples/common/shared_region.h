// SPDX-License-Identifier: MIT
// The requests of the samples in which the driver allocates memory and maps it into the calling process, and
// what their drivers have in common: how the memory is described by an MDL, mapped, checked and unmapped.
#ifndef SHARED_REGION_H
#define SHARED_REGION_H

#define REGION_BYTES (256 * 1024)

// Maps the region into the caller; the flag asks for a view that the application cannot write.
#define IOCTL_REGION_MAP CTL_CODE(0x8000, 0x830, METHOD_BUFFERED, FILE_ANY_ACCESS)
#define IOCTL_REGION_UNMAP CTL_CODE(0x8000, 0x831, METHOD_BUFFERED, FILE_ANY_ACCESS)
// In a DPC, in no particular process: adds up the region's words, then replaces each by its complement.
#define IOCTL_REGION_EXCHANGE CTL_CODE(0x8000, 0x832, METHOD_BUFFERED, FILE_ANY_ACCESS)

typedef struct _REGION_MAP_REQUEST {
  BOOLEAN ReadOnly;
} REGION_MAP_REQUEST;

typedef struct _REGION_MAP_REPLY {
  ULONG64 UserAddress;
  ULONG64 SystemAddress;
  ULONG64 LogicalAddress;  // the device's, where there is one
  ULONG64 Length;
} REGION_MAP_REPLY;

typedef struct _REGION_EXCHANGE_REPLY {
  ULONG64 SumOfWords;
} REGION_EXCHANGE_REPLY;

#endif
