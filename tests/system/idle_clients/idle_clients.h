/* SPDX-License-Identifier: MIT */
/* The output is the input. */
#define IDLE_ECHO CTL_CODE(FILE_DEVICE_UNKNOWN, 0x800, METHOD_BUFFERED, FILE_ANY_ACCESS)
