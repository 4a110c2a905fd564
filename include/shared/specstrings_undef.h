// SPDX-License-Identifier: MIT
#ifndef RING3_SPECSTRINGS_UNDEF_H
#define RING3_SPECSTRINGS_UNDEF_H

#include <sal.h>

#endif
