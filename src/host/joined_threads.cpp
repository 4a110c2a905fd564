// SPDX-License-Identifier: MIT
#include "host/joined_threads.h"

#include <utility>

namespace ring3::host {

bool JoinedThreads::Start(const char* name, std::function<void()> body) {
  std::lock_guard<std::mutex> guard(mutex_);
  std::erase_if(entries_, [](const std::unique_ptr<Entry>& entry) {
    if (!entry->is_through.load(std::memory_order_acquire)) return false;
    entry->thread.Join();
    return true;
  });
  auto entry = std::make_unique<Entry>();
  entry->body = std::move(body);
  Result<os::Thread> started = os::Thread::Create(
      name,
      [](void* opaque) {
        auto* const self = static_cast<Entry*>(opaque);
        self->body();
        self->body = nullptr;
        self->is_through.store(true, std::memory_order_release);
      },
      entry.get());
  if (!started.ok()) return false;
  entry->thread = std::move(started).value();
  entries_.push_back(std::move(entry));
  return true;
}

void JoinedThreads::JoinAll() {
  for (;;) {
    std::vector<std::unique_ptr<Entry>> entries;
    {
      std::lock_guard<std::mutex> guard(mutex_);
      entries.swap(entries_);
    }
    if (entries.empty()) return;
    for (const auto& entry : entries) entry->thread.Join();
  }
}

}  // namespace ring3::host
