// SPDX-License-Identifier: MIT
#include "mm/window_pages.h"

#include <gtest/gtest.h>

#include <memory>
#include <vector>

namespace ring3::mm {
namespace {

TEST(SnapshotStoreTest, WhoGivesNothingBackLeavesSomethingToOthers) {
  const auto store = std::make_unique<SnapshotStore>();
  std::vector<_KPROCESS> clients(8);
  std::vector<uint32_t> had(clients.size());
  uint32_t left = SnapshotStore::kPages;
  for (size_t i = 0; i < clients.size(); ++i) {
    uint32_t first;
    while (const uint32_t taken = store->Take(&clients[i], 100, &first)) had[i] += taken;
    EXPECT_LE(had[i], left / 2);
    left -= had[i];
    EXPECT_GE(had[i], 100u);
  }
}

TEST(SnapshotStoreTest, WhereNotAsManyAreTogetherThereAreFewer) {
  const auto store = std::make_unique<SnapshotStore>();
  std::vector<_KPROCESS> clients(64);
  uint32_t first;
  for (_KPROCESS& client : clients) {
    while (store->Take(&client, 256, &first) != 0) {
    }
  }
  for (const uint32_t page : {1, 3, 9, 10, 11, 20}) store->Give(page, 1);
  _KPROCESS another = {};
  EXPECT_EQ(store->Take(&another, 256, &first), 3u);
  EXPECT_EQ(first, 9u);
}

}  // namespace
}  // namespace ring3::mm
