// SPDX-License-Identifier: MIT
// The intrinsics of structured exception handling. ring3-cc knows these names and puts the frame of the right guarded
// region in their place. https://learn.microsoft.com/windows-hardware/drivers/kernel/handling-exceptions
#ifndef RING3_EXCPT_H
#define RING3_EXCPT_H

#include <nt_exception.h>
#include <ring3_seh.h>

#define GetExceptionCode _exception_code
#define exception_code _exception_code
#define GetExceptionInformation _exception_info
#define exception_info _exception_info
#define AbnormalTermination _abnormal_termination
#define abnormal_termination _abnormal_termination

#endif
