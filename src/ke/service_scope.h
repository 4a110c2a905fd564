// SPDX-License-Identifier: MIT
#pragma once

#include "ke/kthread.h"
#include "rtl/seh_frame.h"

namespace ring3::ke {

// Delivers pending APCs on the way out of the executive; kernel mode first, then user APCs where
// `previous_mode` is UserMode and a user APC was made deliverable by an alertable wait. `application_frames`:
// the application's __try frames, out of sight in the service, to which an exception in a user APC belongs.
void DeliverApcsOnServiceExit(PKTHREAD thread, rtl::SehFrame* application_frames);

// A thread is in the executive while one of these lives: made by every system service and by whatever else
// enters from application code. It sets the previous mode that ExGetPreviousMode reports, and with it who is
// to blame for a fault. Nests: Zw services called by drivers make one with KernelMode. With UserMode, the
// application's __try frames are out of sight meanwhile: what a driver raises is never the application's to
// handle.
class ServiceScope {
 public:
  explicit ServiceScope(KPROCESSOR_MODE previous_mode)
      : thread_(CurrentThread()), saved_mode_(thread_->previous_mode), seh_top_(rtl::ring3_seh_top) {
    thread_->previous_mode = previous_mode;
    if (previous_mode == UserMode) rtl::ring3_seh_top = nullptr;
    ++thread_->kernel_depth;
  }
  ~ServiceScope() {
    if (__builtin_expect(thread_->kernel_apc_pending.load(std::memory_order_relaxed) ||
                             thread_->user_apc_pending.load(std::memory_order_relaxed),
                         false)) {
      DeliverApcsOnServiceExit(thread_, seh_top_);
    }
    thread_->previous_mode = saved_mode_;
    rtl::ring3_seh_top = seh_top_;
    --thread_->kernel_depth;
  }
  ServiceScope(const ServiceScope&) = delete;
  ServiceScope& operator=(const ServiceScope&) = delete;

  PKTHREAD thread() const { return thread_; }

 private:
  const PKTHREAD thread_;
  const KPROCESSOR_MODE saved_mode_;
  rtl::SehFrame* const seh_top_;
};

}  // namespace ring3::ke
