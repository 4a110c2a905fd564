// SPDX-License-Identifier: MIT
#include <ddi/ex_pool.h>
#include <ddi/rtl.h>
#include <ddi/zw.h>

#include <cstring>
#include <vector>

#include "ps/components_test.h"

namespace ring3::cm {
namespace {

PWSTR Wide(const char16_t* text) {
  return reinterpret_cast<PWSTR>(const_cast<char16_t*>(text));
}

constexpr std::u16string_view kService = u"\\Registry\\Machine\\System\\CurrentControlSet\\Services\\table";

struct Called {
  std::u16string name;
  ULONG type;
  std::vector<uint8_t> data;
  PVOID entry_context;
};
struct Calls {
  std::vector<Called> all;
  NTSTATUS answer = STATUS_SUCCESS;
};
NTSTATUS Record(PWSTR name, ULONG type, PVOID data, ULONG length, PVOID context, PVOID entry_context) {
  auto* calls = static_cast<Calls*>(context);
  const auto* bytes = static_cast<const uint8_t*>(data);
  calls->all.push_back(
      {reinterpret_cast<const char16_t*>(name), type,
       bytes == nullptr ? std::vector<uint8_t>() : std::vector<uint8_t>(bytes, bytes + length),
       entry_context});
  return calls->answer;
}

class QueryTableTest : public ComponentsTest {
 protected:
  void SetUp() override {
    ComponentsTest::SetUp();
    key_ = Create(kService);
    const ULONG number = 42;
    Set(u"Number", REG_DWORD, &number, sizeof(number));
    SetText(u"Text", REG_SZ, std::u16string_view(u"hello\0", 6));
    SetText(u"Many", REG_MULTI_SZ, std::u16string_view(u"one\0two\0\0", 9));
  }
  void TearDown() override {
    ZwClose(key_);
    ComponentsTest::TearDown();
  }
  HANDLE Create(std::u16string_view path) {
    HANDLE key = nullptr;
    EXPECT_EQ(ZwCreateKey(&key, KEY_ALL_ACCESS, Named(path), 0, nullptr, REG_OPTION_VOLATILE, nullptr),
              STATUS_SUCCESS);
    return key;
  }
  void Set(std::u16string_view name, ULONG type, const void* data, size_t byte_count) {
    UNICODE_STRING value = ob::ToUnicodeString(name);
    ASSERT_EQ(ZwSetValueKey(key_, &value, 0, type, const_cast<void*>(data), static_cast<ULONG>(byte_count)),
              STATUS_SUCCESS);
  }
  void SetText(std::u16string_view name, ULONG type, std::u16string_view text) {
    Set(name, type, text.data(), text.size() * 2);
  }
  // One entry, against the service's key.
  NTSTATUS Query(RTL_QUERY_REGISTRY_TABLE entry) {
    RTL_QUERY_REGISTRY_TABLE table[2] = {entry, {}};
    return RtlQueryRegistryValues(RTL_REGISTRY_SERVICES, Wide(u"table"), table, &calls_, nullptr);
  }
  static RTL_QUERY_REGISTRY_TABLE Direct(const char16_t* name, PVOID target, ULONG expected) {
    return {nullptr, RTL_QUERY_REGISTRY_DIRECT | RTL_QUERY_REGISTRY_TYPECHECK, Wide(name),
            target,  expected << RTL_QUERY_REGISTRY_TYPECHECK_SHIFT,           nullptr,
            0};
  }

  HANDLE key_ = nullptr;
  Calls calls_;
};

TEST_F(QueryTableTest, ARoutineIsCalledWithTheValueAndBothContexts) {
  int context = 0;
  EXPECT_EQ(Query({&Record, 0, Wide(u"Number"), &context, REG_NONE, nullptr, 0}), STATUS_SUCCESS);
  ASSERT_EQ(calls_.all.size(), 1u);
  EXPECT_EQ(calls_.all[0].name, u"Number");
  EXPECT_EQ(calls_.all[0].type, ULONG{REG_DWORD});
  EXPECT_EQ(calls_.all[0].data, (std::vector<uint8_t>{42, 0, 0, 0}));
  EXPECT_EQ(calls_.all[0].entry_context, &context);
}

TEST_F(QueryTableTest, WhatARoutineReturnsEndsTheQueryExceptBufferTooSmall) {
  calls_.answer = STATUS_DEVICE_BUSY;
  EXPECT_EQ(Query({&Record, 0, nullptr, nullptr, REG_NONE, nullptr, 0}), STATUS_DEVICE_BUSY);
  EXPECT_EQ(calls_.all.size(), 1u);
  calls_ = {{}, STATUS_BUFFER_TOO_SMALL};
  EXPECT_EQ(Query({&Record, RTL_QUERY_REGISTRY_NOEXPAND, nullptr, nullptr, REG_NONE, nullptr, 0}),
            STATUS_SUCCESS);
  EXPECT_EQ(calls_.all.size(), 3u);
}

TEST_F(QueryTableTest, MultipleTextsComeOneByOneUnlessNotExpanded) {
  EXPECT_EQ(Query({&Record, 0, Wide(u"Many"), nullptr, REG_NONE, nullptr, 0}), STATUS_SUCCESS);
  ASSERT_EQ(calls_.all.size(), 2u);
  EXPECT_EQ(calls_.all[1].type, ULONG{REG_SZ});
  EXPECT_EQ(calls_.all[1].data.size(), 8u);
  calls_ = {};
  EXPECT_EQ(Query({&Record, RTL_QUERY_REGISTRY_NOEXPAND, Wide(u"Many"), nullptr, REG_NONE, nullptr, 0}),
            STATUS_SUCCESS);
  ASSERT_EQ(calls_.all.size(), 1u);
  EXPECT_EQ(calls_.all[0].type, ULONG{REG_MULTI_SZ});
}

TEST_F(QueryTableTest, DirectStoresNumbersAndTexts) {
  ULONG number = 0;
  EXPECT_EQ(Query(Direct(u"Number", &number, REG_DWORD)), STATUS_SUCCESS);
  EXPECT_EQ(number, 42u);
  UNICODE_STRING text = {};
  EXPECT_EQ(Query(Direct(u"Text", &text, REG_SZ)), STATUS_SUCCESS);
  EXPECT_EQ(ob::View(text), u"hello");
  ExFreePool(text.Buffer);
  WCHAR small[3];
  text = {0, sizeof(small), small};
  EXPECT_EQ(Query(Direct(u"Text", &text, REG_SZ)), STATUS_BUFFER_TOO_SMALL);
  EXPECT_EQ(Query(Direct(u"Text", &number, REG_DWORD)), STATUS_OBJECT_TYPE_MISMATCH);
  EXPECT_EQ(number, 42u);
}

TEST_F(QueryTableTest, DirectStoresLargeDataBehindItsSize) {
  const uint8_t data[6] = {1, 2, 3, 4, 5, 6};
  Set(u"Binary", REG_BINARY, data, sizeof(data));
  alignas(4) uint8_t buffer[16] = {};
  LONG size = -static_cast<LONG>(sizeof(buffer));
  std::memcpy(buffer, &size, sizeof(size));
  EXPECT_EQ(Query(Direct(u"Binary", buffer, REG_BINARY)), STATUS_SUCCESS);
  EXPECT_EQ(std::memcmp(buffer, data, sizeof(data)), 0);
  size = sizeof(buffer);
  std::memcpy(buffer, &size, sizeof(size));
  EXPECT_EQ(Query(Direct(u"Binary", buffer, REG_BINARY)), STATUS_SUCCESS);
  EXPECT_EQ(buffer[0], sizeof(data));
  EXPECT_EQ(buffer[4], REG_BINARY);
  EXPECT_EQ(std::memcmp(buffer + 8, data, sizeof(data)), 0);
  size = -4;
  std::memcpy(buffer, &size, sizeof(size));
  EXPECT_EQ(Query(Direct(u"Binary", buffer, REG_BINARY)), STATUS_BUFFER_TOO_SMALL);
}

TEST_F(QueryTableTest, DefaultsStandInUnlessTheValueIsRequired) {
  ULONG fallback = 7;
  EXPECT_EQ(Query({&Record, 0, Wide(u"Absent"), nullptr, REG_DWORD, &fallback, sizeof(fallback)}),
            STATUS_SUCCESS);
  ASSERT_EQ(calls_.all.size(), 1u);
  EXPECT_EQ(calls_.all[0].data[0], 7);
  EXPECT_EQ(Query({&Record, 0, Wide(u"Absent"), nullptr, REG_NONE, nullptr, 0}), STATUS_SUCCESS);
  EXPECT_EQ(calls_.all.size(), 1u);
  EXPECT_EQ(Query({&Record, RTL_QUERY_REGISTRY_REQUIRED, Wide(u"Absent"), nullptr, REG_NONE, nullptr, 0}),
            STATUS_OBJECT_NAME_NOT_FOUND);
  // The length of a text is computed.
  EXPECT_EQ(Query({&Record, 0, Wide(u"Absent"), nullptr, REG_SZ, Wide(u"abc"), 0}), STATUS_SUCCESS);
  ASSERT_EQ(calls_.all.size(), 2u);
  EXPECT_EQ(calls_.all[1].data.size(), 8u);
}

TEST_F(QueryTableTest, SubkeyMovesTheFocusAndTopkeyTakesItBack) {
  HANDLE sub = Create(std::u16string(kService) + u"\\Sub");
  UNICODE_STRING name = ob::ToUnicodeString(u"Number");
  ULONG inner = 5;
  ASSERT_EQ(ZwSetValueKey(sub, &name, 0, REG_DWORD, &inner, sizeof(inner)), STATUS_SUCCESS);
  RTL_QUERY_REGISTRY_TABLE table[4] = {
      {nullptr, RTL_QUERY_REGISTRY_SUBKEY, Wide(u"Sub"), nullptr, REG_NONE, nullptr, 0},
      {&Record, 0, Wide(u"Number"), nullptr, REG_NONE, nullptr, 0},
      {&Record, RTL_QUERY_REGISTRY_TOPKEY, Wide(u"Number"), nullptr, REG_NONE, nullptr, 0},
      {}};
  EXPECT_EQ(RtlQueryRegistryValues(RTL_REGISTRY_HANDLE, static_cast<PCWSTR>(key_), table, &calls_, nullptr),
            STATUS_SUCCESS);
  ASSERT_EQ(calls_.all.size(), 2u);
  EXPECT_EQ(calls_.all[0].data[0], 5);
  EXPECT_EQ(calls_.all[1].data[0], 42);
  EXPECT_EQ(Query({nullptr, RTL_QUERY_REGISTRY_SUBKEY | RTL_QUERY_REGISTRY_REQUIRED, Wide(u"Nowhere"),
                   nullptr, REG_NONE, nullptr, 0}),
            STATUS_OBJECT_NAME_NOT_FOUND);
  ZwClose(sub);
}

TEST_F(QueryTableTest, NoValueOnlyCallsAndDeleteDeletes) {
  EXPECT_EQ(Query({&Record, RTL_QUERY_REGISTRY_NOVALUE, nullptr, nullptr, REG_NONE, nullptr, 0}),
            STATUS_SUCCESS);
  ASSERT_EQ(calls_.all.size(), 1u);
  EXPECT_EQ(calls_.all[0].type, ULONG{REG_NONE});
  EXPECT_TRUE(calls_.all[0].data.empty());
  EXPECT_EQ(Query({&Record, RTL_QUERY_REGISTRY_DELETE, Wide(u"Number"), nullptr, REG_NONE, nullptr, 0}),
            STATUS_SUCCESS);
  EXPECT_EQ(Query({&Record, RTL_QUERY_REGISTRY_REQUIRED, Wide(u"Number"), nullptr, REG_NONE, nullptr, 0}),
            STATUS_OBJECT_NAME_NOT_FOUND);
}

TEST_F(QueryTableTest, EntriesThatMakeNoSenseAreRefused) {
  ULONG number;
  EXPECT_EQ(Query({nullptr, RTL_QUERY_REGISTRY_DIRECT, nullptr, &number, REG_NONE, nullptr, 0}),
            STATUS_INVALID_PARAMETER);
  EXPECT_EQ(Query({&Record, RTL_QUERY_REGISTRY_DIRECT, Wide(u"Number"), &number, REG_NONE, nullptr, 0}),
            STATUS_INVALID_PARAMETER);
  EXPECT_EQ(Query({nullptr, 0, Wide(u"Number"), &number, REG_NONE, nullptr, 0}), STATUS_INVALID_PARAMETER);
  RTL_QUERY_REGISTRY_TABLE table[2] = {{&Record, 0, Wide(u"X"), nullptr, REG_NONE, nullptr, 0}, {}};
  EXPECT_EQ(RtlQueryRegistryValues(RTL_REGISTRY_SERVICES, Wide(u"nowhere"), table, &calls_, nullptr),
            STATUS_OBJECT_NAME_NOT_FOUND);
  EXPECT_EQ(RtlQueryRegistryValues(RTL_REGISTRY_SERVICES | RTL_REGISTRY_OPTIONAL, Wide(u"nowhere"), table,
                                   &calls_, nullptr),
            STATUS_SUCCESS);
}

}  // namespace
}  // namespace ring3::cm
