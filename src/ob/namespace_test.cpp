// SPDX-License-Identifier: MIT
#include <ddi/zw.h>

#include <cstring>

#include "ob/namespace.h"
#include "ps/components_test.h"

namespace ring3::ob {
namespace {

using NamespaceTest = ComponentsTest;

NTSTATUS CreateEventNamed(std::u16string_view name, HANDLE* handle, ULONG more_flags = 0) {
  return ZwCreateEvent(handle, EVENT_ALL_ACCESS,
                       Named(name, OBJ_CASE_INSENSITIVE | OBJ_KERNEL_HANDLE | more_flags), NotificationEvent,
                       FALSE);
}

TEST_F(NamespaceTest, ANameIsFoundWithoutCaseAndGoesWithTheLastHandle) {
  HANDLE first, second;
  ASSERT_EQ(CreateEventNamed(u"\\BaseNamedObjects\\Ready", &first), STATUS_SUCCESS);
  EXPECT_EQ(ZwOpenEvent(&second, EVENT_ALL_ACCESS, Named(u"\\basenamedobjects\\READY")), STATUS_SUCCESS);
  ZwClose(first);
  EXPECT_EQ(ZwSetEvent(second, nullptr), STATUS_SUCCESS);
  ZwClose(second);
  EXPECT_EQ(ZwOpenEvent(&second, EVENT_ALL_ACCESS, Named(u"\\BaseNamedObjects\\Ready")),
            STATUS_OBJECT_NAME_NOT_FOUND);
}

TEST_F(NamespaceTest, CaseMattersWithoutTheFlag) {
  HANDLE handle, other;
  ASSERT_EQ(CreateEventNamed(u"\\BaseNamedObjects\\Ready", &handle), STATUS_SUCCESS);
  EXPECT_EQ(ZwOpenEvent(&other, EVENT_ALL_ACCESS, Named(u"\\BaseNamedObjects\\READY", OBJ_KERNEL_HANDLE)),
            STATUS_OBJECT_NAME_NOT_FOUND);
  ZwClose(handle);
}

TEST_F(NamespaceTest, ATakenNameCollidesOrIsOpened) {
  HANDLE first, second;
  ASSERT_EQ(CreateEventNamed(u"\\BaseNamedObjects\\One", &first), STATUS_SUCCESS);
  EXPECT_EQ(CreateEventNamed(u"\\BaseNamedObjects\\One", &second), STATUS_OBJECT_NAME_COLLISION);
  EXPECT_EQ(second, nullptr);
  EXPECT_EQ(CreateEventNamed(u"\\BaseNamedObjects\\One", &second, OBJ_OPENIF), STATUS_OBJECT_NAME_EXISTS);
  ZwClose(second);
  EXPECT_EQ(
      ZwCreateSemaphore(
          &second, SEMAPHORE_ALL_ACCESS,
          Named(u"\\BaseNamedObjects\\One", OBJ_CASE_INSENSITIVE | OBJ_OPENIF | OBJ_KERNEL_HANDLE), 0, 1),
      STATUS_OBJECT_TYPE_MISMATCH);
  ZwClose(first);
}

TEST_F(NamespaceTest, BadPathsAreToldApart) {
  HANDLE handle;
  EXPECT_EQ(CreateEventNamed(u"NoBackslash", &handle), STATUS_OBJECT_PATH_SYNTAX_BAD);
  EXPECT_EQ(CreateEventNamed(u"\\Nowhere\\Event", &handle), STATUS_OBJECT_PATH_NOT_FOUND);
  EXPECT_EQ(CreateEventNamed(u"\\BaseNamedObjects\\\\Event", &handle), STATUS_OBJECT_NAME_INVALID);
  EXPECT_EQ(ZwOpenEvent(&handle, 1, Named(u"\\BaseNamedObjects\\Missing")), STATUS_OBJECT_NAME_NOT_FOUND);
  EXPECT_EQ(ZwOpenEvent(&handle, 1, Named(u"\\BaseNamedObjects")), STATUS_OBJECT_TYPE_MISMATCH);
}

TEST_F(NamespaceTest, APermanentNameStaysUntilItIsMadeTemporary) {
  HANDLE handle;
  ASSERT_EQ(CreateEventNamed(u"\\BaseNamedObjects\\Stay", &handle, OBJ_PERMANENT), STATUS_SUCCESS);
  ZwClose(handle);
  ASSERT_EQ(ZwOpenEvent(&handle, EVENT_ALL_ACCESS, Named(u"\\BaseNamedObjects\\Stay")), STATUS_SUCCESS);
  EXPECT_EQ(ZwMakeTemporaryObject(handle), STATUS_SUCCESS);
  ZwClose(handle);
  EXPECT_EQ(ZwOpenEvent(&handle, EVENT_ALL_ACCESS, Named(u"\\BaseNamedObjects\\Stay")),
            STATUS_OBJECT_NAME_NOT_FOUND);
}

TEST_F(NamespaceTest, LinksAreFollowedAndQueried) {
  HANDLE event, link, opened;
  ASSERT_EQ(CreateEventNamed(u"\\BaseNamedObjects\\Target", &event), STATUS_SUCCESS);
  UNICODE_STRING target = ToUnicodeString(u"\\BaseNamedObjects\\Target");
  ASSERT_EQ(
      ZwCreateSymbolicLinkObject(&link, SYMBOLIC_LINK_ALL_ACCESS, Named(u"\\DosDevices\\Alias"), &target),
      STATUS_SUCCESS);
  // \DosDevices, \?? and \GLOBAL?? are one directory.
  for (std::u16string_view name : {u"\\??\\Alias", u"\\GLOBAL??\\Alias", u"\\??\\Global\\Alias"}) {
    EXPECT_EQ(ZwOpenEvent(&opened, EVENT_ALL_ACCESS, Named(name)), STATUS_SUCCESS) << Narrow(name);
    ZwClose(opened);
  }
  ASSERT_EQ(ZwOpenSymbolicLinkObject(&opened, SYMBOLIC_LINK_QUERY, Named(u"\\??\\Alias")), STATUS_SUCCESS);
  WCHAR text[64];
  UNICODE_STRING out = {0, 4, text};
  ULONG needed = 0;
  EXPECT_EQ(ZwQuerySymbolicLinkObject(opened, &out, &needed), STATUS_BUFFER_TOO_SMALL);
  EXPECT_EQ(needed, target.Length + sizeof(WCHAR));
  out.MaximumLength = sizeof(text);
  EXPECT_EQ(ZwQuerySymbolicLinkObject(opened, &out, nullptr), STATUS_SUCCESS);
  EXPECT_EQ(View(out), View(target));
  ZwClose(opened);
  ZwClose(link);
  ZwClose(event);
}

TEST_F(NamespaceTest, ALoopOfLinksEnds) {
  HANDLE link, opened;
  UNICODE_STRING self = ToUnicodeString(u"\\??\\Loop");
  ASSERT_EQ(ZwCreateSymbolicLinkObject(&link, SYMBOLIC_LINK_ALL_ACCESS, Named(u"\\??\\Loop"), &self),
            STATUS_SUCCESS);
  EXPECT_EQ(ZwOpenEvent(&opened, 1, Named(u"\\??\\Loop")), STATUS_OBJECT_PATH_NOT_FOUND);
  ZwClose(link);
}

TEST_F(NamespaceTest, DirectoriesHoldAndListObjects) {
  HANDLE directory, event;
  ASSERT_EQ(ZwCreateDirectoryObject(&directory, DIRECTORY_ALL_ACCESS, Named(u"\\Mine")), STATUS_SUCCESS);
  ASSERT_EQ(ZwCreateEvent(&event, EVENT_ALL_ACCESS,
                          Named(u"Inside", OBJ_CASE_INSENSITIVE | OBJ_KERNEL_HANDLE, directory),
                          NotificationEvent, FALSE),
            STATUS_SUCCESS);
  alignas(16) char buffer[512];
  ULONG context = 0, length = 0;
  EXPECT_EQ(ZwQueryDirectoryObject(directory, buffer, 16, FALSE, TRUE, &context, &length),
            STATUS_BUFFER_TOO_SMALL);
  ASSERT_EQ(ZwQueryDirectoryObject(directory, buffer, sizeof(buffer), FALSE, TRUE, &context, &length),
            STATUS_SUCCESS);
  auto* entry = reinterpret_cast<OBJECT_DIRECTORY_INFORMATION*>(buffer);
  EXPECT_EQ(View(entry->Name), u"Inside");
  EXPECT_EQ(View(entry->TypeName), u"Event");
  EXPECT_EQ(ZwQueryDirectoryObject(directory, buffer, sizeof(buffer), FALSE, FALSE, &context, &length),
            STATUS_NO_MORE_ENTRIES);
  PVOID object;
  ASSERT_EQ(ObReferenceObjectByHandle(event, 0, nullptr, KernelMode, &object, nullptr), STATUS_SUCCESS);
  auto* name = reinterpret_cast<OBJECT_NAME_INFORMATION*>(buffer);
  EXPECT_EQ(ObQueryNameString(object, name, 8, &length), STATUS_INFO_LENGTH_MISMATCH);
  EXPECT_EQ(ObQueryNameString(object, name, sizeof(buffer), &length), STATUS_SUCCESS);
  EXPECT_EQ(View(name->Name), u"\\Mine\\Inside");
  ObDereferenceObject(object);
  ZwClose(event);
  ZwClose(directory);
}

}  // namespace
}  // namespace ring3::ob
