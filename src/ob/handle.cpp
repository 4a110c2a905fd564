// SPDX-License-Identifier: MIT
#include <bugcodes.h>
#include <ddi/ke.h>

#include "ob/access.h"
#include "ob/callbacks.h"
#include "ob/namespace.h"
#include "ob/object_type.h"
#include "ob/process_head.h"

namespace ring3::ob {

ProcessTypes g_process_types;
bool g_verify_handles = false;

namespace {

constexpr ULONG kHandleAttributes = OBJ_INHERIT | 1 /* protect from close */;

struct TableAndProcess {
  HandleTable* table;
  PEPROCESS process;  // null: the kernel's
};

TableAndProcess TableForNew(ULONG attributes) {
  if ((attributes & OBJ_KERNEL_HANDLE) != 0) return {g_kernel_handles, nullptr};
  PEPROCESS process = CurrentProcess();
  if (process == nullptr || HeadOf(process)->handles == nullptr) return {g_kernel_handles, nullptr};
  return {HeadOf(process)->handles, process};
}

TableAndProcess TableOf(HANDLE handle, KPROCESSOR_MODE access_mode, PEPROCESS process) {
  if (IsKernelHandle(handle)) return {access_mode == KernelMode ? g_kernel_handles : nullptr, nullptr};
  if (process == nullptr) return {nullptr, nullptr};
  return {HeadOf(process)->handles, process};
}

// The pseudo handle's object, not referenced; null for any other handle.
void* PseudoObject(HANDLE handle) {
  if (handle == NtCurrentProcess()) return CurrentProcess();
  if (handle == NtCurrentThread()) return ke::CurrentThread();
  return nullptr;
}

Result<HANDLE> Make(const TableAndProcess& where, void* object, ULONG attributes, ACCESS_MASK granted,
                    OpenReason reason) {
  ObjectHeader* header = ObjectHeader::Of(object);
  ObjectType* type = header->type;
  if ((header->flags.load(std::memory_order_relaxed) & kExclusive) != 0 &&
      header->exclusive_process != where.process && header->handle_count.load() != 0) {
    return STATUS_ACCESS_DENIED;
  }
  if (type->options.procedures.open != nullptr) {
    RING3_TRY(type->options.procedures.open(reason, where.process, object, granted));
  }
  Reference(object);
  header->handle_count.fetch_add(1);
  type->handle_count.fetch_add(1, std::memory_order_relaxed);
  Result<HANDLE> handle = where.table->Insert({object, granted, attributes & kHandleAttributes});
  if (!handle.ok()) {
    type->handle_count.fetch_sub(1, std::memory_order_relaxed);
    header->handle_count.fetch_sub(1);
    Dereference(object);
  }
  return handle;
}

// What a handle's end does to its object, after it is out of the table. Consumes the entry's reference.
void HandleGone(PEPROCESS process, HandleTable* table, const HandleTable::Entry& entry) {
  void* object = entry.object;
  ObjectHeader* header = ObjectHeader::Of(object);
  ObjectType* type = header->type;
  int32_t before = header->handle_count.fetch_sub(1, std::memory_order_acq_rel);
  type->handle_count.fetch_sub(1, std::memory_order_relaxed);
  if (type->options.procedures.close != nullptr) {
    ULONG in_process = before == 1 ? 1 : table->CountOf(object) + 1;
    type->options.procedures.close(process, object, entry.granted_access, in_process,
                                   static_cast<ULONG>(before));
  }
  if (before == 1 && (header->flags.load(std::memory_order_relaxed) & kHasDirectory) != 0) {
    bool remove;
    {
      SpinLockGuard guard(g_namespace_lock);
      remove = header->directory != nullptr && (header->flags & kPermanent) == 0 &&
               header->handle_count.load() == 0;
    }
    if (remove) RemoveName(object);
  }
  Dereference(object);
}

Status InvalidHandle(HANDLE handle, KPROCESSOR_MODE access_mode) {
  if (access_mode == KernelMode && g_verify_handles) {
    KeBugCheckEx(INVALID_KERNEL_HANDLE, reinterpret_cast<ULONG_PTR>(handle), 0, 0, 0);
  }
  return STATUS_INVALID_HANDLE;
}

}  // namespace

Result<HANDLE> CreateHandle(void* object, ULONG attributes, ACCESS_MASK granted, OpenReason reason) {
  return Make(TableForNew(attributes), object, attributes, granted, reason);
}

Result<void*> ReferenceByHandle(HANDLE handle, ACCESS_MASK desired_access, ObjectType* type,
                                KPROCESSOR_MODE access_mode, HandleInformation* information) {
  HandleTable::Entry entry;
  HandleTable* table;
  if (__builtin_expect(reinterpret_cast<LONG_PTR>(handle) >= 0, true)) {
    PEPROCESS process = CurrentProcess();
    table = process == nullptr ? nullptr : HeadOf(process)->handles;
  } else if (void* pseudo = PseudoObject(handle)) {
    if (type != nullptr && ObjectHeader::Of(pseudo)->type != type) return STATUS_OBJECT_TYPE_MISMATCH;
    if (information != nullptr) *information = {0, ObjectHeader::Of(pseudo)->type->options.valid_access};
    Reference(pseudo);
    return pseudo;
  } else {
    table = access_mode == KernelMode && IsKernelHandle(handle) ? g_kernel_handles : nullptr;
  }
  if (table == nullptr || !table->Reference(handle, &entry))
    return InvalidHandle(handle, access_mode).status();
  ObjectHeader* header = ObjectHeader::Of(entry.object);
  if (type != nullptr && header->type != type) {
    Dereference(entry.object);
    return STATUS_OBJECT_TYPE_MISMATCH;
  }
  if (access_mode != KernelMode && (entry.granted_access & desired_access) != desired_access) {
    Dereference(entry.object);
    return STATUS_ACCESS_DENIED;
  }
  if (information != nullptr) *information = {entry.attributes, entry.granted_access};
  return entry.object;
}

Status CloseHandle(HANDLE handle, KPROCESSOR_MODE access_mode) {
  // Closing a pseudo handle does nothing.
  if (handle == NtCurrentProcess() || handle == NtCurrentThread()) return STATUS_SUCCESS;
  TableAndProcess where = TableOf(handle, access_mode, CurrentProcess());
  if (where.table == nullptr) return InvalidHandle(handle, access_mode);
  HandleTable::Entry entry;
  if (!where.table->Reference(handle, &entry)) return InvalidHandle(handle, access_mode);
  Ref<void> object = Ref<void>::Adopt(entry.object);
  ObjectType* type = ObjectHeader::Of(entry.object)->type;
  if (type->options.procedures.okay_to_close != nullptr) {
    RING3_TRY(type->options.procedures.okay_to_close(where.process, entry.object, handle, access_mode));
  }
  Result<HandleTable::Entry> removed = where.table->Remove(handle, HandleTable::Closing::kChecked);
  if (!removed.ok()) {
    return removed.status() == STATUS_INVALID_HANDLE ? InvalidHandle(handle, access_mode)
                                                     : Status(removed.status());
  }
  object.Reset();
  HandleGone(where.process, where.table, *removed);
  return STATUS_SUCCESS;
}

void CloseAllHandles(PEPROCESS process) {
  HandleTable* table = HeadOf(process)->handles;
  table->ForEach([&](HANDLE handle, const HandleTable::Entry&) {
    Result<HandleTable::Entry> removed = table->Remove(handle, HandleTable::Closing::kForced);
    if (removed.ok()) HandleGone(process, table, *removed);
  });
}

Result<HANDLE> OpenObjectByPointer(void* object, ULONG attributes, KPROCESSOR_MODE access_mode,
                                   ACCESS_MASK desired_access, ObjectType* type) {
  if (type != nullptr && ObjectHeader::Of(object)->type != type) return STATUS_OBJECT_TYPE_MISMATCH;
  if (access_mode != KernelMode) attributes &= ~uint32_t{OBJ_KERNEL_HANDLE};
  RING3_TRY_ASSIGN(ACCESS_MASK granted, GrantAccess(object, desired_access, access_mode, attributes));
  HandleCallbacks callbacks(
      {OB_OPERATION_HANDLE_CREATE, object, (attributes & OBJ_KERNEL_HANDLE) != 0, granted, nullptr, nullptr});
  Result<HANDLE> handle = CreateHandle(object, attributes, callbacks.granted(), OpenReason::kOpenHandle);
  callbacks.SetOutcome(handle.ok() ? STATUS_SUCCESS : handle.status());
  return handle;
}

Result<void*> ReferenceObjectByName(const OBJECT_ATTRIBUTES& attributes, ObjectType* type,
                                    KPROCESSOR_MODE access_mode, ACCESS_MASK desired_access, void* context) {
  RING3_TRY_ASSIGN(LookedUp found,
                   LookUp({&attributes, type, access_mode, desired_access, context, nullptr}));
  Ref<void> object = Ref<void>::Adopt(found.object);
  RING3_TRY_ASSIGN([[maybe_unused]] ACCESS_MASK granted,
                   GrantAccess(object.get(), desired_access, access_mode, attributes.Attributes));
  return object.Release();
}

Result<HANDLE> OpenObjectByName(const OBJECT_ATTRIBUTES& attributes, ObjectType* type,
                                KPROCESSOR_MODE access_mode, ACCESS_MASK desired_access, void* context) {
  RING3_TRY_ASSIGN(LookedUp found,
                   LookUp({&attributes, type, access_mode, desired_access, context, nullptr}));
  Ref<void> object = Ref<void>::Adopt(found.object);
  return OpenObjectByPointer(object.get(), attributes.Attributes, access_mode, desired_access, type);
}

Result<Inserted> InsertObject(void* object, const OBJECT_ATTRIBUTES* attributes,
                              const InsertOptions& options) {
  Ref<void> ours = Ref<void>::Adopt(object);
  ObjectHeader* header = ObjectHeader::Of(object);
  ObjectType* type = header->type;
  ULONG flags = attributes == nullptr ? 0 : attributes->Attributes;
  if ((flags & ~uint32_t{OBJ_VALID_ATTRIBUTES}) != 0) return STATUS_INVALID_PARAMETER;
  if (options.access_mode != KernelMode) flags &= ~uint32_t{OBJ_KERNEL_HANDLE | OBJ_PERMANENT};
  if ((flags & OBJ_EXCLUSIVE) != 0) {
    header->exclusive_process = CurrentProcess();
    header->flags |= kExclusive;
  }
  if (attributes != nullptr) RING3_TRY(AssignSecurity(object, attributes->SecurityDescriptor, nullptr));

  Inserted inserted;
  inserted.status = STATUS_SUCCESS;
  bool named =
      attributes != nullptr && attributes->ObjectName != nullptr && attributes->ObjectName->Length != 0;
  if (named) {
    if ((flags & OBJ_PERMANENT) != 0) header->flags |= kPermanent;
    header->flags |= kHasDirectory;
    RING3_TRY_ASSIGN(LookedUp found, LookUp({attributes, type, options.access_mode, options.desired_access,
                                             options.parse_context, header}));
    ours = Ref<void>::Adopt(found.object);
    if (!found.inserted) {
      // The object that was to be named is gone by now.
      if ((flags & OBJ_OPENIF) == 0) return STATUS_OBJECT_NAME_COLLISION;
      if (ObjectHeader::Of(found.object)->type != type) return STATUS_OBJECT_TYPE_MISMATCH;
      inserted.status = STATUS_OBJECT_NAME_EXISTS;
    }
  }
  if (options.want_handle) {
    void* target = ours.get();
    ACCESS_MASK granted = options.desired_access;
    if (inserted.status == STATUS_SUCCESS) {
      // The creator gets what it asks for.
      GENERIC_MAPPING mapping = type->options.generic_mapping;
      RtlMapGenericMask(&granted, &mapping);
      if ((granted & MAXIMUM_ALLOWED) != 0) granted = (granted & ~MAXIMUM_ALLOWED) | mapping.GenericAll;
    } else {
      RING3_TRY_ASSIGN(granted, GrantAccess(target, granted, options.access_mode, flags));
    }
    HandleCallbacks callbacks(
        {OB_OPERATION_HANDLE_CREATE, target, (flags & OBJ_KERNEL_HANDLE) != 0, granted, nullptr, nullptr});
    Result<HANDLE> handle = CreateHandle(target, flags, callbacks.granted(), OpenReason::kCreateHandle);
    callbacks.SetOutcome(handle.ok() ? STATUS_SUCCESS : handle.status());
    if (!handle.ok()) {
      if (named && inserted.status == STATUS_SUCCESS) RemoveName(target);
      return handle.status();
    }
    inserted.handle = *handle;
  }
  inserted.object = ours.Release();
  return inserted;
}

Result<HANDLE> DuplicateHandle(PEPROCESS source_process, HANDLE source, PEPROCESS target_process,
                               ACCESS_MASK desired_access, ULONG attributes, ULONG options,
                               KPROCESSOR_MODE access_mode) {
  HandleTable::Entry entry;
  TableAndProcess from = TableOf(source, access_mode, source_process);
  if (void* pseudo = PseudoObject(source)) {
    entry = {pseudo, ObjectHeader::Of(pseudo)->type->options.valid_access, 0};
    Reference(pseudo);
    from.table = nullptr;
  } else if (from.table == nullptr || !from.table->Reference(source, &entry)) {
    return STATUS_INVALID_HANDLE;
  }
  Ref<void> object = Ref<void>::Adopt(entry.object);
  Result<HANDLE> made = HANDLE{nullptr};
  if (target_process != nullptr) {
    ACCESS_MASK granted = entry.granted_access;
    NTSTATUS status = STATUS_SUCCESS;
    if ((options & DUPLICATE_SAME_ACCESS) == 0) {
      // More than the source handle has needs a check of its own.
      GENERIC_MAPPING mapping = ObjectHeader::Of(object.get())->type->options.generic_mapping;
      RtlMapGenericMask(&desired_access, &mapping);
      granted = desired_access;
      if ((desired_access & ~entry.granted_access) != 0) {
        Result<ACCESS_MASK> checked = GrantAccess(object.get(), desired_access, access_mode, 0);
        status = checked.ok() ? STATUS_SUCCESS : checked.status();
        if (checked.ok()) granted = *checked;
      }
    }
    if (NT_SUCCESS(status)) {
      if ((options & DUPLICATE_SAME_ATTRIBUTES) != 0) attributes = entry.attributes;
      if (access_mode != KernelMode) attributes &= ~uint32_t{OBJ_KERNEL_HANDLE};
      bool kernel = (attributes & OBJ_KERNEL_HANDLE) != 0;
      HandleCallbacks callbacks(
          {OB_OPERATION_HANDLE_DUPLICATE, object.get(), kernel, granted, source_process, target_process});
      TableAndProcess to = kernel ? TableAndProcess{g_kernel_handles, nullptr}
                                  : TableAndProcess{HeadOf(target_process)->handles, target_process};
      made = Make(to, object.get(), attributes, callbacks.granted(), OpenReason::kDuplicateHandle);
      callbacks.SetOutcome(made.ok() ? STATUS_SUCCESS : made.status());
    } else {
      made = status;
    }
  }
  object.Reset();
  // The source goes whatever became of the rest.
  if ((options & DUPLICATE_CLOSE_SOURCE) != 0 && from.table != nullptr) {
    Result<HandleTable::Entry> removed = from.table->Remove(source, HandleTable::Closing::kChecked);
    if (!removed.ok()) return removed.status();
    HandleGone(from.process, from.table, *removed);
  }
  return made;
}

}  // namespace ring3::ob
