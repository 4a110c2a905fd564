// SPDX-License-Identifier: MIT
#include "ke/executive_thread.h"

#include <ntstatus.h>

namespace ring3::ke {

Status ExecutiveThread::Start(const char* name, Body body, void* argument) {
  block_ = CreateThreadFromSource();
  if (block_ == nullptr) return STATUS_INSUFFICIENT_RESOURCES;
  block_->is_system_thread = true;
  body_ = body;
  argument_ = argument;
  auto thread = os::Thread::Create(name, Run, this);
  if (!thread.ok()) {
    DestroyThreadOfSource(block_);
    return thread.status();
  }
  thread_ = std::move(thread).value();
  return STATUS_SUCCESS;
}

void ExecutiveThread::Run(void* self) {
  auto* executive_thread = static_cast<ExecutiveThread*>(self);
  PKTHREAD block = executive_thread->block_;
  AttachCurrentOsThread(block);
  block->kernel_depth = 1;
  executive_thread->body_(block, executive_thread->argument_);
  DetachCurrentOsThread();
  DestroyThreadOfSource(block);
}

}  // namespace ring3::ke
