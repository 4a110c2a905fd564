// SPDX-License-Identifier: MIT
#include <ddi/rtl_ntddk.h>
#include <gtest/gtest.h>
#include <ntstatus.h>

#include <algorithm>
#include <cstdlib>
#include <random>
#include <set>
#include <vector>

namespace {

template <typename Table>
RTL_GENERIC_COMPARE_RESULTS NTAPI Compare(Table*, PVOID a, PVOID b) {
  int x = *static_cast<int*>(a), y = *static_cast<int*>(b);
  return x < y ? GenericLessThan : x > y ? GenericGreaterThan : GenericEqual;
}
template <typename Table>
PVOID NTAPI Allocate(Table* table, CLONG size) {
  auto* left = static_cast<int*>(table->TableContext);
  if (*left == 0) return nullptr;
  --*left;
  return malloc(size);
}
template <typename Table>
void NTAPI Free(Table* table, PVOID p) {
  ++*static_cast<int*>(table->TableContext);
  free(p);
}

// The depth of an AVL subtree; fails the test where the balance is not what it says.
int CheckedDepth(PRTL_BALANCED_LINKS n) {
  if (!n) return 0;
  int left = CheckedDepth(n->LeftChild), right = CheckedDepth(n->RightChild);
  EXPECT_EQ(right - left, n->Balance);
  EXPECT_LE(std::abs(right - left), 1);
  if (n->LeftChild) EXPECT_EQ(n->LeftChild->Parent, n);
  if (n->RightChild) EXPECT_EQ(n->RightChild->Parent, n);
  return 1 + std::max(left, right);
}

TEST(AvlTable, AgreesWithASetUnderRandomChanges) {
  int room = 1 << 20;
  RTL_AVL_TABLE table;
  RtlInitializeGenericTableAvl(&table, Compare<RTL_AVL_TABLE>, Allocate<RTL_AVL_TABLE>, Free<RTL_AVL_TABLE>,
                               &room);
  std::set<int> expected;
  std::mt19937 random(1);
  for (int i = 0; i < 20000; ++i) {
    int value = static_cast<int>(random() % 500);
    if (random() % 2) {
      BOOLEAN added;
      auto* data = static_cast<int*>(RtlInsertElementGenericTableAvl(&table, &value, sizeof(value), &added));
      ASSERT_EQ(*data, value);
      ASSERT_EQ(added != 0, expected.insert(value).second);
    } else {
      ASSERT_EQ(RtlDeleteElementGenericTableAvl(&table, &value) != 0, expected.erase(value) == 1);
    }
    if (i % 500 == 0) CheckedDepth(table.BalancedRoot.RightChild);
    ASSERT_EQ(RtlNumberGenericTableElementsAvl(&table), expected.size());
  }
  std::vector<int> seen;
  for (void* p = RtlEnumerateGenericTableAvl(&table, TRUE); p;
       p = RtlEnumerateGenericTableAvl(&table, FALSE)) {
    seen.push_back(*static_cast<int*>(p));
  }
  EXPECT_EQ(seen, std::vector<int>(expected.begin(), expected.end()));
  for (ULONG i = 0; i < seen.size(); ++i)
    EXPECT_EQ(*static_cast<int*>(RtlGetElementGenericTableAvl(&table, i)), seen[i]);
  for (int value : seen) EXPECT_TRUE(RtlDeleteElementGenericTableAvl(&table, &value));
  EXPECT_TRUE(RtlIsGenericTableEmptyAvl(&table));
  EXPECT_EQ(room, 1 << 20);
}

TEST(AvlTable, FullFormsAndFailedAllocation) {
  int room = 1;
  RTL_AVL_TABLE table;
  RtlInitializeGenericTableAvl(&table, Compare<RTL_AVL_TABLE>, Allocate<RTL_AVL_TABLE>, Free<RTL_AVL_TABLE>,
                               &room);
  int value = 5;
  PVOID place;
  TABLE_SEARCH_RESULT result;
  EXPECT_EQ(RtlLookupElementGenericTableFullAvl(&table, &value, &place, &result), nullptr);
  EXPECT_EQ(result, TableEmptyTree);
  BOOLEAN added;
  EXPECT_NE(RtlInsertElementGenericTableFullAvl(&table, &value, sizeof(value), &added, place, result),
            nullptr);
  value = 6;
  EXPECT_EQ(RtlLookupElementGenericTableFullAvl(&table, &value, &place, &result), nullptr);
  EXPECT_EQ(result, TableInsertAsRight);
  EXPECT_EQ(RtlInsertElementGenericTableAvl(&table, &value, sizeof(value), &added), nullptr);
  EXPECT_FALSE(added);
  value = 5;
  EXPECT_NE(RtlLookupElementGenericTableFullAvl(&table, &value, &place, &result), nullptr);
  EXPECT_EQ(result, TableFoundNode);
  RtlDeleteElementGenericTableAvlEx(&table, place);
  EXPECT_TRUE(RtlIsGenericTableEmptyAvl(&table));
}

TEST(AvlTable, LikeADirectoryResumesByKeyAfterADeletion) {
  int room = 10;
  RTL_AVL_TABLE table;
  RtlInitializeGenericTableAvl(&table, Compare<RTL_AVL_TABLE>, Allocate<RTL_AVL_TABLE>, Free<RTL_AVL_TABLE>,
                               &room);
  for (int i : {10, 20, 30, 40}) RtlInsertElementGenericTableAvl(&table, &i, sizeof(i), nullptr);
  PVOID key = nullptr;
  ULONG deletes = 0;
  int from = 15;
  auto next = [&](ULONG flag) {
    void* p = RtlEnumerateGenericTableLikeADirectory(&table, nullptr, nullptr, flag, &key, &deletes, &from);
    return p ? *static_cast<int*>(p) : -1;
  };
  EXPECT_EQ(next(FALSE), 20);
  EXPECT_EQ(next(TRUE), 30);
  from = 30;
  int gone = 30;
  RtlDeleteElementGenericTableAvl(&table, &gone);
  EXPECT_EQ(next(TRUE), 40);
  EXPECT_EQ(next(TRUE), -1);
  for (int i : {10, 20, 40}) RtlDeleteElementGenericTableAvl(&table, &i);
}

TEST(SplayTable, AgreesWithASetUnderRandomChanges) {
  int room = 1 << 20;
  RTL_GENERIC_TABLE table;
  RtlInitializeGenericTable(&table, Compare<RTL_GENERIC_TABLE>, Allocate<RTL_GENERIC_TABLE>,
                            Free<RTL_GENERIC_TABLE>, &room);
  std::set<int> expected;
  std::mt19937 random(2);
  for (int i = 0; i < 20000; ++i) {
    int value = static_cast<int>(random() % 300);
    switch (random() % 3) {
      case 0: {
        BOOLEAN added;
        ASSERT_EQ(*static_cast<int*>(RtlInsertElementGenericTable(&table, &value, sizeof(value), &added)),
                  value);
        ASSERT_EQ(added != 0, expected.insert(value).second);
        break;
      }
      case 1:
        ASSERT_EQ(RtlDeleteElementGenericTable(&table, &value) != 0, expected.erase(value) == 1);
        break;
      default:
        ASSERT_EQ(RtlLookupElementGenericTable(&table, &value) != nullptr, expected.count(value) == 1);
    }
  }
  std::vector<int> plain, splayed;
  PVOID key = nullptr;
  while (void* p = RtlEnumerateGenericTableWithoutSplaying(&table, &key))
    plain.push_back(*static_cast<int*>(p));
  for (void* p = RtlEnumerateGenericTable(&table, TRUE); p; p = RtlEnumerateGenericTable(&table, FALSE)) {
    splayed.push_back(*static_cast<int*>(p));
  }
  std::vector<int> all(expected.begin(), expected.end());
  EXPECT_EQ(plain, all);
  EXPECT_EQ(splayed, all);
  for (int value : all) EXPECT_TRUE(RtlDeleteElementGenericTable(&table, &value));
  EXPECT_TRUE(RtlIsGenericTableEmpty(&table));
  EXPECT_EQ(room, 1 << 20);
}

TEST(SplayTable, ElementsAreNumberedInOrderOfInsertion) {
  int room = 10;
  RTL_GENERIC_TABLE table;
  RtlInitializeGenericTable(&table, Compare<RTL_GENERIC_TABLE>, Allocate<RTL_GENERIC_TABLE>,
                            Free<RTL_GENERIC_TABLE>, &room);
  for (int i : {30, 10, 20}) RtlInsertElementGenericTable(&table, &i, sizeof(i), nullptr);
  EXPECT_EQ(*static_cast<int*>(RtlGetElementGenericTable(&table, 2)), 20);
  EXPECT_EQ(*static_cast<int*>(RtlGetElementGenericTable(&table, 0)), 30);
  EXPECT_EQ(RtlGetElementGenericTable(&table, 3), nullptr);
  int gone = 30;
  RtlDeleteElementGenericTable(&table, &gone);
  EXPECT_EQ(*static_cast<int*>(RtlGetElementGenericTable(&table, 0)), 10);
  for (int i : {10, 20}) RtlDeleteElementGenericTable(&table, &i);
}

TEST(Splay, DeleteNoSplayKeepsTheRootUnlessItGoes) {
  RTL_SPLAY_LINKS n[3];
  for (auto& l : n) RtlInitializeSplayLinks(&l);
  RtlInsertAsLeftChild(&n[1], &n[0]);
  RtlInsertAsRightChild(&n[1], &n[2]);
  EXPECT_EQ(RtlRealSuccessor(&n[0]), &n[1]);
  EXPECT_EQ(RtlRealPredecessor(&n[0]), nullptr);
  EXPECT_EQ(RtlRealPredecessor(&n[2]), &n[1]);
  PRTL_SPLAY_LINKS root = &n[1];
  RtlDeleteNoSplay(&n[2], &root);
  EXPECT_EQ(root, &n[1]);
  RtlDeleteNoSplay(&n[1], &root);
  EXPECT_EQ(root, &n[0]);
  EXPECT_TRUE(RtlIsRoot(&n[0]));
  RtlDeleteNoSplay(&n[0], &root);
  EXPECT_EQ(root, nullptr);
}

}  // namespace
