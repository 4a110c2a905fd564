// SPDX-License-Identifier: MIT
#include "os/poller.h"

#include <cerrno>

#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

namespace ring3::os {

Poller::Poller() : poll_(epoll_create1(EPOLL_CLOEXEC)), wake_(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {
  if (valid()) Add(wake_.get(), 0);
}

bool Poller::Add(int descriptor, uint64_t key) {
  return Add(descriptor, key, EPOLLIN);
}

bool Poller::AddOnce(int descriptor, uint64_t key) {
  return Add(descriptor, key, EPOLLIN | EPOLLONESHOT);
}

bool Poller::Add(int descriptor, uint64_t key, uint32_t events) {
  epoll_event event = {};
  event.events = events;
  event.data.u64 = key;
  return epoll_ctl(poll_.get(), EPOLL_CTL_ADD, descriptor, &event) == 0;
}

void Poller::Remove(int descriptor) {
  epoll_ctl(poll_.get(), EPOLL_CTL_DEL, descriptor, nullptr);
}

std::vector<uint64_t> Poller::Wait() {
  constexpr int kMost = 64;
  epoll_event events[kMost];
  int count;
  do {
    count = epoll_wait(poll_.get(), events, kMost, -1);
  } while (count < 0 && errno == EINTR);
  std::vector<uint64_t> keys;
  for (int i = 0; i < count; ++i) {
    const uint64_t key = events[i].data.u64;  // epoll_event is packed: no reference to it
    if (key != 0) {
      keys.push_back(key);
      continue;
    }
    uint64_t wakes;
    [[maybe_unused]] const ssize_t drained = read(wake_.get(), &wakes, sizeof(wakes));
  }
  return keys;
}

void Poller::Wake() {
  constexpr uint64_t kOne = 1;
  [[maybe_unused]] const ssize_t written = write(wake_.get(), &kOne, sizeof(kOne));
}

}  // namespace ring3::os
