// SPDX-License-Identifier: MIT
// Error numbers that the runtime's *_s routines return. There is no errno in a driver.
#ifndef RING3_ERRNO_H
#define RING3_ERRNO_H

#define ENOMEM 12
#define EINVAL 22
#define ERANGE 34
#define STRUNCATE 80

#endif
