// SPDX-License-Identifier: MIT
#include_next <limits.h>
#include <ring3_crt_limits.h>
