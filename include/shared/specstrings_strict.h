// SPDX-License-Identifier: MIT
#ifndef RING3_SPECSTRINGS_STRICT_H
#define RING3_SPECSTRINGS_STRICT_H

#include <sal.h>

#endif
