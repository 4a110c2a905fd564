// SPDX-License-Identifier: MIT
#include "cm/key.h"

#include "cm/notify.h"
#include "ob/object.h"
#include "os/clock.h"

namespace ring3::cm {

SpinLock g_registry_lock{LockRank::kRegistry};

Key::Key(std::u16string name, Key* parent, Lifetime lifetime)
    : name_(std::move(name)), parent_(parent), lifetime_(lifetime), last_write_time_(os::SystemTime100ns()) {}

Key::~Key() = default;

std::shared_ptr<Key> Key::FindLocked(std::u16string_view name) const {
  const auto found = keys_.find(ob::Upcased(name));
  return found == keys_.end() ? nullptr : found->second;
}

std::shared_ptr<Key> Key::AddLocked(std::u16string_view name, Lifetime lifetime) {
  auto key = std::make_shared<Key>(std::u16string(name), this, lifetime);
  keys_.emplace(ob::Upcased(name), key);
  last_write_time_ = os::SystemTime100ns();
  ChangedLocked(REG_NOTIFY_CHANGE_NAME);
  return key;
}

void Key::DeleteLocked() {
  deleted_ = true;
  parent_->last_write_time_ = os::SystemTime100ns();
  EndWatchesLocked(nullptr, STATUS_KEY_DELETED);
  parent_->ChangedLocked(REG_NOTIFY_CHANGE_NAME);
  parent_->keys_.erase(ob::Upcased(name_));
}

const Value* Key::FindValueLocked(std::u16string_view name) const {
  const auto found = values_.find(ob::Upcased(name));
  return found == values_.end() ? nullptr : &found->second;
}

void Key::SetValueLocked(Value value) {
  last_write_time_ = os::SystemTime100ns();
  std::u16string upcased = ob::Upcased(value.name);
  const auto before = values_.find(upcased);
  const bool same =
      before != values_.end() && before->second.type == value.type && before->second.data == value.data;
  values_.insert_or_assign(std::move(upcased), std::move(value));
  if (!same) ChangedLocked(REG_NOTIFY_CHANGE_LAST_SET);
}

bool Key::DeleteValueLocked(std::u16string_view name) {
  last_write_time_ = os::SystemTime100ns();
  if (values_.erase(ob::Upcased(name)) == 0) return false;
  ChangedLocked(REG_NOTIFY_CHANGE_LAST_SET);
  return true;
}

void Key::WatchLocked(std::unique_ptr<Watcher> watcher) {
  watchers_.push_back(std::move(watcher));
}

void Key::EndWatchesLocked(const KeyObject* object, NTSTATUS status) {
  for (auto at = watchers_.begin(); at != watchers_.end();) {
    if (object != nullptr && (*at)->object != object) {
      ++at;
      continue;
    }
    CompleteWatcherLocked(**at, status);
    at = watchers_.erase(at);
  }
}

void Key::ChangedLocked(ULONG change) {
  for (Key* key = this; key != nullptr; key = key->parent_) {
    for (auto at = key->watchers_.begin(); at != key->watchers_.end();) {
      const NotifyRequest& request = (*at)->request;
      if ((request.filter & change) == 0 || (key != this && request.scope == Scope::kKey)) {
        ++at;
        continue;
      }
      CompleteWatcherLocked(**at, STATUS_NOTIFY_ENUM_DIR);
      at = key->watchers_.erase(at);
    }
  }
}

std::u16string Key::PathLocked() const {
  if (parent_ == nullptr) return u"\\" + name_;
  return parent_->PathLocked() + u"\\" + name_;
}

}  // namespace ring3::cm
