// SPDX-License-Identifier: MIT
#include <ring3_crt_types.h>
