// SPDX-License-Identifier: MIT
#include "cm/key.h"

#include "ob/object.h"
#include "os/clock.h"

namespace ring3::cm {

SpinLock g_registry_lock{LockRank::kRegistry};

Key::Key(std::u16string name, Key* parent, Lifetime lifetime)
    : name_(std::move(name)), parent_(parent), lifetime_(lifetime), last_write_time_(os::SystemTime100ns()) {}

std::shared_ptr<Key> Key::FindLocked(std::u16string_view name) const {
  const auto found = keys_.find(ob::Upcased(name));
  return found == keys_.end() ? nullptr : found->second;
}

std::shared_ptr<Key> Key::AddLocked(std::u16string_view name, Lifetime lifetime) {
  auto key = std::make_shared<Key>(std::u16string(name), this, lifetime);
  keys_.emplace(ob::Upcased(name), key);
  last_write_time_ = os::SystemTime100ns();
  return key;
}

void Key::DeleteLocked() {
  deleted_ = true;
  parent_->last_write_time_ = os::SystemTime100ns();
  parent_->keys_.erase(ob::Upcased(name_));
}

const Value* Key::FindValueLocked(std::u16string_view name) const {
  const auto found = values_.find(ob::Upcased(name));
  return found == values_.end() ? nullptr : &found->second;
}

void Key::SetValueLocked(Value value) {
  last_write_time_ = os::SystemTime100ns();
  std::u16string upcased = ob::Upcased(value.name);
  values_.insert_or_assign(std::move(upcased), std::move(value));
}

bool Key::DeleteValueLocked(std::u16string_view name) {
  last_write_time_ = os::SystemTime100ns();
  return values_.erase(ob::Upcased(name)) != 0;
}

std::u16string Key::PathLocked() const {
  if (parent_ == nullptr) return u"\\" + name_;
  return parent_->PathLocked() + u"\\" + name_;
}

}  // namespace ring3::cm
