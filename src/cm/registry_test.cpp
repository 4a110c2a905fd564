// SPDX-License-Identifier: MIT
#include <ddi/zw.h>

#include "ps/components_test.h"

namespace ring3::cm {
namespace {

class RegistryTest : public ComponentsTest {
 protected:
  HANDLE Create(std::u16string_view path, ULONG options = REG_OPTION_VOLATILE,
                ULONG expected = REG_CREATED_NEW_KEY) {
    HANDLE key = nullptr;
    ULONG disposition = 0;
    EXPECT_EQ(ZwCreateKey(&key, KEY_ALL_ACCESS, Named(path), 0, nullptr, options, &disposition),
              STATUS_SUCCESS);
    EXPECT_EQ(disposition, expected);
    return key;
  }
  UNICODE_STRING name_ = ob::ToUnicodeString(u"Value");
};

constexpr std::u16string_view kKey = u"\\Registry\\Machine\\System\\CurrentControlSet\\Services\\sample";

TEST_F(RegistryTest, ValuesAreSetQueriedAndDeleted) {
  HANDLE key = Create(kKey);
  ULONG data = 7, needed = 0;
  ASSERT_EQ(ZwSetValueKey(key, &name_, 0, REG_DWORD, &data, sizeof(data)), STATUS_SUCCESS);
  alignas(8) char buffer[64];
  constexpr ULONG kFixed = FIELD_OFFSET(KEY_VALUE_PARTIAL_INFORMATION, Data);
  EXPECT_EQ(ZwQueryValueKey(key, &name_, KeyValuePartialInformation, buffer, 4, &needed),
            STATUS_BUFFER_TOO_SMALL);
  EXPECT_EQ(needed, kFixed + sizeof(data));
  EXPECT_EQ(ZwQueryValueKey(key, &name_, KeyValuePartialInformation, buffer, kFixed, &needed),
            STATUS_BUFFER_OVERFLOW);
  ASSERT_EQ(ZwQueryValueKey(key, &name_, KeyValuePartialInformation, buffer, sizeof(buffer), &needed),
            STATUS_SUCCESS);
  auto* partial = reinterpret_cast<KEY_VALUE_PARTIAL_INFORMATION*>(buffer);
  EXPECT_EQ(partial->Type, REG_DWORD);
  EXPECT_EQ(*reinterpret_cast<ULONG*>(partial->Data), 7u);
  EXPECT_EQ(ZwDeleteValueKey(key, &name_), STATUS_SUCCESS);
  EXPECT_EQ(ZwDeleteValueKey(key, &name_), STATUS_OBJECT_NAME_NOT_FOUND);
  ZwClose(key);
}

TEST_F(RegistryTest, OnlyTheLastKeyIsCreatedAndVolatileOnesHaveVolatileSubkeys) {
  HANDLE key = nullptr;
  EXPECT_EQ(
      ZwCreateKey(&key, KEY_READ, Named(u"\\Registry\\Machine\\Nowhere\\Below"), 0, nullptr, 0, nullptr),
      STATUS_OBJECT_NAME_NOT_FOUND);
  HANDLE parent = Create(kKey);
  EXPECT_EQ(ZwCreateKey(&key, KEY_READ, Named(u"Stays", OBJ_CASE_INSENSITIVE | OBJ_KERNEL_HANDLE, parent), 0,
                        nullptr, 0, nullptr),
            STATUS_CHILD_MUST_BE_VOLATILE);
  HANDLE again = Create(kKey, REG_OPTION_VOLATILE, REG_OPENED_EXISTING_KEY);
  ZwClose(again);
  ZwClose(parent);
}

TEST_F(RegistryTest, ADeletedKeyAnswersSo) {
  HANDLE key = Create(kKey);
  HANDLE child = nullptr;
  ASSERT_EQ(ZwCreateKey(&child, KEY_ALL_ACCESS, Named(u"Sub", OBJ_CASE_INSENSITIVE | OBJ_KERNEL_HANDLE, key),
                        0, nullptr, REG_OPTION_VOLATILE, nullptr),
            STATUS_SUCCESS);
  EXPECT_EQ(ZwDeleteKey(key), STATUS_CANNOT_DELETE);
  EXPECT_EQ(ZwDeleteKey(child), STATUS_SUCCESS);
  EXPECT_EQ(ZwDeleteKey(child), STATUS_KEY_DELETED);
  EXPECT_EQ(ZwDeleteKey(key), STATUS_SUCCESS);
  ZwClose(child);
  ZwClose(key);
}

struct Seen {
  int before = 0, after = 0;
  NTSTATUS verdict = STATUS_SUCCESS;
};
NTSTATUS OnRegistry(PVOID context, PVOID notify_class, PVOID) {
  auto* seen = static_cast<Seen*>(context);
  auto what = static_cast<REG_NOTIFY_CLASS>(reinterpret_cast<ULONG_PTR>(notify_class));
  if (what == RegNtPostSetValueKey) ++seen->after;
  if (what != RegNtPreSetValueKey) return STATUS_SUCCESS;
  ++seen->before;
  return seen->verdict;
}

TEST_F(RegistryTest, CallbacksSeeBlockAndBypass) {
  HANDLE key = Create(kKey);
  Seen seen;
  LARGE_INTEGER cookie, other;
  UNICODE_STRING altitude = ob::ToUnicodeString(u"360000");
  ASSERT_EQ(CmRegisterCallbackEx(&OnRegistry, &altitude, nullptr, &seen, &cookie, nullptr), STATUS_SUCCESS);
  EXPECT_EQ(CmRegisterCallbackEx(&OnRegistry, &altitude, nullptr, &seen, &other, nullptr),
            STATUS_FLT_INSTANCE_ALTITUDE_COLLISION);
  ULONG data = 1;
  EXPECT_EQ(ZwSetValueKey(key, &name_, 0, REG_DWORD, &data, sizeof(data)), STATUS_SUCCESS);
  EXPECT_EQ(ZwDeleteValueKey(key, &name_), STATUS_SUCCESS);
  seen.verdict = STATUS_ACCESS_DENIED;
  EXPECT_EQ(ZwSetValueKey(key, &name_, 0, REG_DWORD, &data, sizeof(data)), STATUS_ACCESS_DENIED);
  seen.verdict = STATUS_CALLBACK_BYPASS;
  EXPECT_EQ(ZwSetValueKey(key, &name_, 0, REG_DWORD, &data, sizeof(data)), STATUS_SUCCESS);
  EXPECT_EQ(ZwDeleteValueKey(key, &name_), STATUS_OBJECT_NAME_NOT_FOUND);
  EXPECT_EQ(seen.before, 3);
  EXPECT_EQ(seen.after, 1);
  EXPECT_EQ(CmUnRegisterCallback(cookie), STATUS_SUCCESS);
  EXPECT_EQ(CmUnRegisterCallback(cookie), STATUS_INVALID_PARAMETER);
  ZwClose(key);
}

struct Asked {
  LARGE_INTEGER cookie;
  NTSTATUS status = STATUS_UNSUCCESSFUL;
  ULONG_PTR id = 0;
  std::u16string name, kept_name;
};
NTSTATUS AskForName(PVOID context, PVOID notify_class, PVOID argument) {
  auto* asked = static_cast<Asked*>(context);
  if (static_cast<REG_NOTIFY_CLASS>(reinterpret_cast<ULONG_PTR>(notify_class)) != RegNtPreSetValueKey)
    return STATUS_SUCCESS;
  PVOID object = static_cast<REG_SET_VALUE_KEY_INFORMATION*>(argument)->Object;
  PCUNICODE_STRING name = nullptr;
  asked->status = CmCallbackGetKeyObjectIDEx(&asked->cookie, object, &asked->id, &name, 0);
  if (!NT_SUCCESS(asked->status)) return STATUS_SUCCESS;
  asked->name = ob::View(*name);
  CmCallbackReleaseKeyObjectIDEx(name);
  EXPECT_EQ(CmCallbackGetKeyObjectIDEx(&asked->cookie, object, nullptr, nullptr, 1),
            STATUS_INVALID_PARAMETER);
  LARGE_INTEGER unknown;
  unknown.QuadPart = -1;
  EXPECT_EQ(CmCallbackGetKeyObjectID(&unknown, object, nullptr, &name), STATUS_INVALID_PARAMETER);
  ULONG_PTR id = 0;
  EXPECT_EQ(CmCallbackGetKeyObjectID(&asked->cookie, object, &id, &name), STATUS_SUCCESS);
  EXPECT_EQ(id, asked->id);
  asked->kept_name = ob::View(*name);
  return STATUS_SUCCESS;
}

TEST_F(RegistryTest, CallbacksLearnTheKeysNameAndIdentity) {
  HANDLE key = Create(kKey);
  HANDLE again = Create(kKey, REG_OPTION_VOLATILE, REG_OPENED_EXISTING_KEY);
  Asked asked;
  UNICODE_STRING altitude = ob::ToUnicodeString(u"360000");
  ASSERT_EQ(CmRegisterCallbackEx(&AskForName, &altitude, nullptr, &asked, &asked.cookie, nullptr),
            STATUS_SUCCESS);
  ULONG data = 1;
  EXPECT_EQ(ZwSetValueKey(key, &name_, 0, REG_DWORD, &data, sizeof(data)), STATUS_SUCCESS);
  EXPECT_EQ(asked.status, STATUS_SUCCESS);
  EXPECT_EQ(asked.name, kKey);
  EXPECT_EQ(asked.kept_name, kKey);
  const ULONG_PTR id = asked.id;
  EXPECT_EQ(ZwSetValueKey(again, &name_, 0, REG_DWORD, &data, sizeof(data)), STATUS_SUCCESS);
  EXPECT_EQ(asked.id, id);
  EXPECT_EQ(CmUnRegisterCallback(asked.cookie), STATUS_SUCCESS);
  ZwClose(again);
  ZwClose(key);
}

}  // namespace
}  // namespace ring3::cm
