// SPDX-License-Identifier: MIT
#ifndef RING3_WCTYPE_H
#define RING3_WCTYPE_H

#include <ring3_crt_wide.h>

#endif
