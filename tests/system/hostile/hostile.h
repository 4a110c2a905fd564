// SPDX-License-Identifier: MIT
#pragma once

// Between the driver and its clients, the well-behaved one and the hostile ones.
#define DEVICE_NAME "\\Device\\Ring3Hostile"
#define LINK_NAME "\\\\.\\Ring3Hostile"

#define IOCTL_ECHO CTL_CODE(FILE_DEVICE_UNKNOWN, 0x800, METHOD_BUFFERED, FILE_ANY_ACCESS)
// The output buffer is filled with this.
#define IOCTL_FILL CTL_CODE(FILE_DEVICE_UNKNOWN, 0x801, METHOD_OUT_DIRECT, FILE_ANY_ACCESS)
#define FILLED 0x5A
// Pends until it is cancelled.
#define IOCTL_PEND CTL_CODE(FILE_DEVICE_UNKNOWN, 0x802, METHOD_BUFFERED, FILE_ANY_ACCESS)
// Maps the driver's one page, the same for all, into the caller; its address is the output. Once for each
// file.
#define IOCTL_MAP CTL_CODE(FILE_DEVICE_UNKNOWN, 0x803, METHOD_BUFFERED, FILE_ANY_ACCESS)
#define PAGE_TEXT "the driver's page"
