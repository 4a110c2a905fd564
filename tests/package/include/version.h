// SPDX-License-Identifier: MIT
C_ASSERT(VERSION == 3 && sizeof(VERSION) == 4);
