// SPDX-License-Identifier: MIT
#ifndef RING3_SPECSTRINGS_H
#define RING3_SPECSTRINGS_H

#include <sal.h>

#endif
