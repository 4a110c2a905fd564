// SPDX-License-Identifier: MIT
#pragma once

#include <ddi/cm.h>

#include <cstdint>
#include <list>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/spin_lock.h"

namespace ring3::cm {

// Guards the whole tree. Held for map operations only; handles and objects are looked up before.
extern SpinLock g_registry_lock;

struct KeyObject;
struct Watcher;

struct Value {
  std::u16string name;  // as it was written; empty: the key's default value
  ULONG type = REG_NONE;
  std::vector<uint8_t> data;
};

enum class Lifetime : uint8_t { kStored, kVolatile };

// A key of the registry. Keys are kept by their parents and by the handles to them: a deleted key lives on,
// without a place, until its last handle is closed. Names compare without case and are listed in that order.
class Key : public std::enable_shared_from_this<Key> {
 public:
  Key(std::u16string name, Key* parent, Lifetime lifetime);
  ~Key();

  std::shared_ptr<Key> FindLocked(std::u16string_view name) const RING3_REQUIRES(g_registry_lock);
  std::shared_ptr<Key> AddLocked(std::u16string_view name, Lifetime lifetime) RING3_REQUIRES(g_registry_lock);
  // Takes the key out of its parent. It must have no subkeys.
  void DeleteLocked() RING3_REQUIRES(g_registry_lock);

  const Value* FindValueLocked(std::u16string_view name) const RING3_REQUIRES(g_registry_lock);
  void SetValueLocked(Value value) RING3_REQUIRES(g_registry_lock);
  bool DeleteValueLocked(std::u16string_view name) RING3_REQUIRES(g_registry_lock);

  using Keys = std::map<std::u16string, std::shared_ptr<Key>, std::less<>>;
  using Values = std::map<std::u16string, Value, std::less<>>;
  const Keys& keys() const RING3_REQUIRES(g_registry_lock) { return keys_; }
  const Values& values() const RING3_REQUIRES(g_registry_lock) { return values_; }

  // Requests to be told of changes (cm/notify.h). Each is told once.
  void WatchLocked(std::unique_ptr<Watcher> watcher) RING3_REQUIRES(g_registry_lock);
  // Those made through `object`; all of them when it is null.
  void EndWatchesLocked(const KeyObject* object, NTSTATUS status) RING3_REQUIRES(g_registry_lock);
  // `change`: REG_NOTIFY_CHANGE_*.
  void ChangedLocked(ULONG change) RING3_REQUIRES(g_registry_lock);
  void SetLastWriteTimeLocked(int64_t time) RING3_REQUIRES(g_registry_lock) { last_write_time_ = time; }

  // \Registry\Machine\…
  std::u16string PathLocked() const RING3_REQUIRES(g_registry_lock);
  const std::u16string& name() const { return name_; }
  Lifetime lifetime() const { return lifetime_; }
  bool deleted() const RING3_REQUIRES(g_registry_lock) { return deleted_; }
  int64_t last_write_time() const RING3_REQUIRES(g_registry_lock) { return last_write_time_; }

  std::u16string key_class;  // set when the key is created, before anyone else sees it

 private:
  const std::u16string name_;
  Key* const parent_;  // null for the root; valid while not deleted
  const Lifetime lifetime_;
  bool deleted_ RING3_GUARDED_BY(g_registry_lock) = false;
  int64_t last_write_time_ RING3_GUARDED_BY(g_registry_lock);
  Keys keys_ RING3_GUARDED_BY(g_registry_lock);
  Values values_ RING3_GUARDED_BY(g_registry_lock);
  std::list<std::unique_ptr<Watcher>> watchers_ RING3_GUARDED_BY(g_registry_lock);
};

}  // namespace ring3::cm
