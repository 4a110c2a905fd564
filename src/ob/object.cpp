// SPDX-License-Identifier: MIT
#include "ob/object.h"

#include <bugcodes.h>
#include <ddi/ex_misc.h>
#include <ddi/ex_pool.h>
#include <ddi/ke.h>
#include <ddi/se.h>

#include <fmt/format.h>

#include "base/fault_injection.h"
#include "ke/bugcheck.h"
#include "ke/kthread.h"
#include "ob/deferred_delete.h"
#include "ob/namespace.h"
#include "ob/object_type.h"

namespace ring3::ob {
namespace {

constexpr ULONG kObjectTag = 'jbOR';

void FreeObject(ObjectHeader* header) {
  if (PSECURITY_DESCRIPTOR descriptor = header->security_descriptor.exchange(nullptr))
    SeDeassignSecurity(&descriptor);
  header->magic = kDeletedMagic;
  ExFreePoolWithTag(header, kObjectTag);
}

}  // namespace

Result<void*> CreateObject(ObjectType* type, size_t body_byte_count) {
  if (ShouldFail("object")) return STATUS_INSUFFICIENT_RESOURCES;
  if (body_byte_count > MAXLONG) return STATUS_INVALID_PARAMETER;
  void* block = ExAllocatePool2(POOL_FLAG_NON_PAGED, sizeof(ObjectHeader) + body_byte_count, kObjectTag);
  if (block == nullptr) return STATUS_INSUFFICIENT_RESOURCES;
  auto* header = new (block) ObjectHeader();
  header->type = type;
  header->magic = kHeaderMagic;
  header->body_byte_count = static_cast<uint32_t>(body_byte_count);
  header->creator = __builtin_return_address(0);
  header->pointer_count.store(1, std::memory_order_relaxed);
  type->object_count.fetch_add(1, std::memory_order_relaxed);
  SpinLockGuard guard(type->lock);
  InsertTailList(&type->objects, &header->type_list);
  return header->body();
}

void DeleteNow(ObjectHeader* header) {
  ObjectType* type = header->type;
  if (type->options.procedures.delete_object != nullptr)
    type->options.procedures.delete_object(header->body());
  {
    SpinLockGuard guard(type->lock);
    RemoveEntryList(&header->type_list);
  }
  type->object_count.fetch_sub(1, std::memory_order_relaxed);
  FreeObject(header);
}

void DeleteUnreferenced(ObjectHeader* header) {
  if (KeGetCurrentIrql() > PASSIVE_LEVEL) {
    DeferDelete(header);
  } else {
    DeleteNow(header);
  }
}

void BadReference(void* object, const char* what) {
  ObjectHeader* header = ObjectHeader::Of(object);
  std::string line = fmt::format("object {}: {}", object, what);
  ULONG_PTR type = 0;
  if (header->magic == kHeaderMagic) {
    line += fmt::format(" ({}, {} handles)", Narrow(header->type->name), header->handle_count.load());
    type = reinterpret_cast<ULONG_PTR>(header->type);
  } else {
    line += header->magic == kDeletedMagic ? " (already deleted)" : " (not an object)";
  }
  ke::NoteForBugCheck(line.c_str());
  KeBugCheckEx(REFERENCE_BY_POINTER, type, reinterpret_cast<ULONG_PTR>(object), 0,
               static_cast<ULONG_PTR>(header->pointer_count.load()));
}

std::u16string_view TypeName(const ObjectType* type) {
  return type->name;
}
const GENERIC_MAPPING& TypeMapping(const ObjectType* type) {
  return type->options.generic_mapping;
}

void* DispatcherOf(void* object) {
  int offset = ObjectHeader::Of(object)->type->options.dispatcher_offset;
  return offset == TypeOptions::kNotWaitable ? nullptr : static_cast<char*>(object) + offset;
}

void SetSecurityDescriptor(void* object, PSECURITY_DESCRIPTOR descriptor) {
  PSECURITY_DESCRIPTOR old;
  {
    SpinLockGuard guard(g_namespace_lock);
    old = ObjectHeader::Of(object)->security_descriptor.exchange(descriptor);
  }
  if (old != nullptr) SeDeassignSecurity(&old);
}

PSECURITY_DESCRIPTOR SecurityDescriptorOf(void* object) {
  ObjectHeader* header = ObjectHeader::Of(object);
  if (header->type->options.procedures.security != nullptr)
    return header->type->options.procedures.security(object);
  return header->security_descriptor.load(std::memory_order_acquire);
}

std::string Describe(void* object) {
  ObjectHeader* header = ObjectHeader::Of(object);
  std::u16string name = NameOf(object);
  return fmt::format("{} {} {}", Narrow(header->type->name), object,
                     name.empty() ? "(no name)" : Narrow(name));
}

std::string Narrow(std::u16string_view s) {
  std::string result;
  for (char16_t c : s) result += c < 0x80 ? static_cast<char>(c) : '?';
  return result;
}

}  // namespace ring3::ob
