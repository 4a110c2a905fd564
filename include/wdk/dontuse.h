// SPDX-License-Identifier: MIT
// On Windows this header makes unsafe string routines errors. Here they stay what the C runtime says they are.
#ifndef RING3_DONTUSE_H
#define RING3_DONTUSE_H
#endif
