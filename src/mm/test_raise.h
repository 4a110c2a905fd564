// SPDX-License-Identifier: MIT
#pragma once

#include <ntdef.h>

#include "rtl/seh_test_macros.h"

namespace ring3::mm {

// The status that `call` raises; zero: none. Nothing with a destructor may be alive in it when it raises.
template <typename Call>
OPTNONE NTSTATUS RaisedBy(Call call) {
  volatile NTSTATUS raised = 0;
  TRY_EXCEPT(frame)
  call();
  EXCEPT(frame, EXCEPTION_EXECUTE_HANDLER)
  raised = static_cast<NTSTATUS>(frame.code);
  END_EXCEPT
  return raised;
}

}  // namespace ring3::mm
