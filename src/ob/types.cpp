// SPDX-License-Identifier: MIT
#include <ddi/ke.h>

#include <fmt/format.h>

#include <memory>
#include <vector>

#include "ob/callback_object.h"
#include "ob/callbacks.h"
#include "ob/deferred_delete.h"
#include "ob/init.h"
#include "ob/namespace.h"
#include "ob/object_type.h"
#include "ob/process_head.h"

namespace ring3::ob {

ObjectType* g_directory_type = nullptr;
ObjectType* g_symbolic_link_type = nullptr;
ObjectType* g_event_type = nullptr;
ObjectType* g_mutant_type = nullptr;
ObjectType* g_semaphore_type = nullptr;
ObjectType* g_timer_type = nullptr;

namespace {

// Every type, in the order of creation; and the type objects that \ObjectTypes lists.
std::vector<std::unique_ptr<ObjectType>> g_types;
ObjectType* g_type_type = nullptr;

template <typename T>
void Destroy(void* object) {
  static_cast<T*>(object)->~T();
}

void DeleteTimer(void* object) {
  KeCancelTimer(static_cast<PKTIMER>(object));
}

// One that is owned leaves its owner's list.
void DeleteMutant(void* object) {
  KeReleaseMutant(static_cast<PKMUTANT>(object), 1, TRUE, FALSE);
}

Status CreateOwnTypes() {
  TypeOptions type_type;
  RING3_TRY_ASSIGN(g_type_type, CreateType(u"Type", type_type));

  TypeOptions directory;
  directory.generic_mapping = {
      STANDARD_RIGHTS_READ | DIRECTORY_QUERY | DIRECTORY_TRAVERSE,
      STANDARD_RIGHTS_WRITE | DIRECTORY_CREATE_OBJECT | DIRECTORY_CREATE_SUBDIRECTORY,
      STANDARD_RIGHTS_EXECUTE | DIRECTORY_QUERY | DIRECTORY_TRAVERSE, DIRECTORY_ALL_ACCESS};
  directory.valid_access = DIRECTORY_ALL_ACCESS;
  directory.procedures.delete_object = &Destroy<Directory>;
  RING3_TRY_ASSIGN(g_directory_type, CreateType(u"Directory", directory));

  TypeOptions link;
  link.generic_mapping = {STANDARD_RIGHTS_READ | SYMBOLIC_LINK_QUERY, STANDARD_RIGHTS_WRITE,
                          STANDARD_RIGHTS_EXECUTE | SYMBOLIC_LINK_QUERY, SYMBOLIC_LINK_ALL_ACCESS};
  link.valid_access = SYMBOLIC_LINK_ALL_ACCESS;
  link.procedures.delete_object = &Destroy<SymbolicLink>;
  RING3_TRY_ASSIGN(g_symbolic_link_type, CreateType(u"SymbolicLink", link));

  TypeOptions event;
  event.dispatcher_offset = 0;
  event.generic_mapping = {STANDARD_RIGHTS_READ | EVENT_QUERY_STATE,
                           STANDARD_RIGHTS_WRITE | EVENT_MODIFY_STATE, STANDARD_RIGHTS_EXECUTE | SYNCHRONIZE,
                           EVENT_ALL_ACCESS};
  event.valid_access = EVENT_ALL_ACCESS;
  RING3_TRY_ASSIGN(g_event_type, CreateType(u"Event", event));

  TypeOptions mutant;
  mutant.dispatcher_offset = 0;
  mutant.generic_mapping = {STANDARD_RIGHTS_READ | MUTANT_QUERY_STATE, STANDARD_RIGHTS_WRITE,
                            STANDARD_RIGHTS_EXECUTE | SYNCHRONIZE, MUTANT_ALL_ACCESS};
  mutant.valid_access = MUTANT_ALL_ACCESS;
  mutant.procedures.delete_object = &DeleteMutant;
  RING3_TRY_ASSIGN(g_mutant_type, CreateType(u"Mutant", mutant));

  TypeOptions semaphore;
  semaphore.dispatcher_offset = 0;
  semaphore.generic_mapping = {STANDARD_RIGHTS_READ | SEMAPHORE_QUERY_STATE,
                               STANDARD_RIGHTS_WRITE | SEMAPHORE_MODIFY_STATE,
                               STANDARD_RIGHTS_EXECUTE | SYNCHRONIZE, SEMAPHORE_ALL_ACCESS};
  semaphore.valid_access = SEMAPHORE_ALL_ACCESS;
  RING3_TRY_ASSIGN(g_semaphore_type, CreateType(u"Semaphore", semaphore));

  TypeOptions timer;
  timer.dispatcher_offset = 0;
  timer.generic_mapping = {STANDARD_RIGHTS_READ | TIMER_QUERY_STATE,
                           STANDARD_RIGHTS_WRITE | TIMER_MODIFY_STATE, STANDARD_RIGHTS_EXECUTE | SYNCHRONIZE,
                           TIMER_ALL_ACCESS};
  timer.valid_access = TIMER_ALL_ACCESS;
  timer.procedures.delete_object = &DeleteTimer;
  RING3_TRY_ASSIGN(g_timer_type, CreateType(u"Timer", timer));
  return CreateCallbackType();
}

void ReportLeakedHandles(LeakReport& report) {
  g_kernel_handles->ForEach([&](HANDLE handle, const HandleTable::Entry& entry) {
    report.Add(fmt::format("kernel handle {} to {} was not closed", handle, Describe(entry.object)));
  });
}

void ReportLeakedObjects(LeakReport& report, ObjectType* type) {
  std::vector<void*> left;
  {
    SpinLockGuard guard(type->lock);
    for (LIST_ENTRY* entry = type->objects.Flink; entry != &type->objects; entry = entry->Flink) {
      left.push_back(CONTAINING_RECORD(entry, ObjectHeader, type_list)->body());
    }
  }
  for (void* object : left) {
    ObjectHeader* header = ObjectHeader::Of(object);
    report.Add(fmt::format("object {} has {} references and {} handles left", Describe(object),
                           header->pointer_count.load(), header->handle_count.load()));
  }
}

}  // namespace

Result<ObjectType*> CreateType(std::u16string_view name, const TypeOptions& options) {
  g_types.push_back(std::make_unique<ObjectType>(name, options));
  ObjectType* type = g_types.back().get();
  return type;
}

Status Initialize(const BootOptions&) {
  g_kernel_handles = new HandleTable(HandleTable::Kind::kKernel);
  RING3_TRY(CreateOwnTypes());
  RING3_TRY(CreateNamespace());
  return CreateSystemCallbacks();
}

void Shutdown(LeakReport& report) {
  if (g_kernel_handles == nullptr) return;
  DrainDeferredDeletes();
  ReportLeftCallbacks(report);
  ReportLeakedHandles(report);
  DestroyNamespace(report);
  for (const std::unique_ptr<ObjectType>& type : g_types) ReportLeakedObjects(report, type.get());
  delete g_kernel_handles;
  g_kernel_handles = nullptr;
  g_verify_handles = false;
  g_process_types = {};
  g_types.clear();
}

}  // namespace ring3::ob

extern "C" {
NTKERNELAPI POBJECT_TYPE* ExEventObjectType = &ring3::ob::g_event_type;
NTKERNELAPI POBJECT_TYPE* ExSemaphoreObjectType = &ring3::ob::g_semaphore_type;
}
