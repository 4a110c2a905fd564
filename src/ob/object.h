// SPDX-License-Identifier: MIT
#pragma once

#include <ddi/ob_ntifs.h>
#include <ntstatus.h>

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"

// Objects: a header, then the body that everyone else knows. A pointer to an object is a pointer to its body.
//
// Two counts: pointers (every handle holds one too) and handles. The type's close procedure runs when a
// handle goes, its delete procedure when the last pointer goes, at PASSIVE_LEVEL, with no lock held.
namespace ring3::ob {

class HandleTable;
class Directory;

using ObjectType = ::_OBJECT_TYPE;

// UTF-16 without libc's wide functions. A view of a UNICODE_STRING and back.
inline std::u16string_view View(const UNICODE_STRING& s) {
  return {reinterpret_cast<const char16_t*>(s.Buffer), s.Length / sizeof(WCHAR)};
}
inline UNICODE_STRING ToUnicodeString(std::u16string_view s) {
  UNICODE_STRING result;
  result.Length = result.MaximumLength = static_cast<USHORT>(s.size() * sizeof(WCHAR));
  result.Buffer = reinterpret_cast<PWCH>(const_cast<char16_t*>(s.data()));
  return result;
}
std::u16string Upcased(std::u16string_view s);
// For reports.
std::string Narrow(std::u16string_view s);

// What a parse procedure gets: the name that remained when the walk came to `object`, and what is wanted.
struct ParseRequest {
  void* object;             // referenced by the walk
  ObjectType* wanted_type;  // null: any
  std::u16string_view complete_name;
  std::u16string_view remaining;  // empty, or begins with a backslash (or follows it, below a root directory)
  ULONG attributes;               // OBJ_*
  KPROCESSOR_MODE access_mode;
  ACCESS_MASK desired_access;
  void* context;  // the caller's of OpenObjectByName (IoCreateFile's, CmCreateKey's)

  void* result = nullptr;       // out: referenced object
  std::u16string reparse_name;  // out, with STATUS_REPARSE: start again with this name
};
// STATUS_SUCCESS with `result`, STATUS_REPARSE with `reparse_name`, or why not. Called without locks.
using ParseProcedure = NTSTATUS (*)(ParseRequest& request);

enum class OpenReason { kCreateHandle, kOpenHandle, kDuplicateHandle, kInheritHandle };

struct TypeProcedures {
  // A handle is about to be made. A failure refuses it. `process`: whose table; null for a kernel handle.
  NTSTATUS (*open)(OpenReason reason, PEPROCESS process, void* object, ACCESS_MASK granted) = nullptr;
  // A handle has gone. Counts are those before it went: `system_handle_count` 1 means that it was the last of
  // all.
  void (*close)(PEPROCESS process, void* object, ACCESS_MASK granted, ULONG process_handle_count,
                ULONG system_handle_count) = nullptr;
  // STATUS_SUCCESS lets ZwClose go on; file objects with byte-range locks and the like may want a look
  // before.
  NTSTATUS (*okay_to_close)(PEPROCESS process, void* object, HANDLE handle, KPROCESSOR_MODE mode) = nullptr;
  // The last pointer has gone. Frees what the body holds; the body itself is freed afterwards.
  void (*delete_object)(void* object) = nullptr;
  ParseProcedure parse = nullptr;
  // Where the security descriptor lives, when it is not in the header (devices: DEVICE_OBJECT). Null: none.
  PSECURITY_DESCRIPTOR (*security)(void* object) = nullptr;
  // Replaces the name that the header has (files: device's name and file name; keys: the path).
  NTSTATUS (*query_name)(void* object, std::u16string& name) = nullptr;
};

struct TypeOptions {
  GENERIC_MAPPING generic_mapping = {STANDARD_RIGHTS_READ, STANDARD_RIGHTS_WRITE, STANDARD_RIGHTS_EXECUTE,
                                     STANDARD_RIGHTS_REQUIRED};
  ACCESS_MASK valid_access = STANDARD_RIGHTS_ALL | SPECIFIC_RIGHTS_ALL;
  // Offset of the dispatcher object in the body; kNotWaitable for none.
  static constexpr int kNotWaitable = -1;
  int dispatcher_offset = kNotWaitable;
  // ObRegisterCallbacks may name it.
  bool supports_callbacks = false;
  // Objects with a name must be in a directory (false: named by whoever parses, as files and keys are).
  bool named_in_directories = true;
  TypeProcedures procedures;
};

inline constexpr uint32_t kHeaderMagic = 0x3174624f;   // "Obt1"
inline constexpr uint32_t kDeletedMagic = 0x6461656f;  // after the last reference

enum HeaderFlag : uint32_t {
  kPermanent = 1,  // guarded by the namespace lock
  kExclusive = 2,
  kHasDirectory = 4,
  kKernelObject = 8,
  kMadeByBoot = 16,
};

struct alignas(16) ObjectHeader {
  std::atomic<int64_t> pointer_count;
  ObjectType* type;
  std::atomic<int32_t> handle_count;
  uint32_t magic;
  std::atomic<uint32_t> flags;
  uint32_t body_byte_count;
  // Guarded by the namespace lock.
  Directory* directory;
  std::u16string* name;
  ObjectHeader* next_deleted;
  // Pool block, self-relative; replaced under the namespace lock, freed with the object.
  std::atomic<PSECURITY_DESCRIPTOR> security_descriptor;
  // The process that holds it exclusively (OBJ_EXCLUSIVE).
  void* exclusive_process;
  // Who made it, for the leak report.
  const void* creator;
  // All live objects, for the leak report; guarded by the type's lock.
  LIST_ENTRY type_list;

  void* body() { return this + 1; }
  static ObjectHeader* Of(const void* object) {
    return static_cast<ObjectHeader*>(const_cast<void*>(object)) - 1;
  }
};
static_assert(sizeof(ObjectHeader) % 16 == 0);

// Creates a type with an entry in \ObjectTypes. Types live until Shutdown.
Result<ObjectType*> CreateType(std::u16string_view name, const TypeOptions& options);
std::u16string_view TypeName(const ObjectType* type);
const GENERIC_MAPPING& TypeMapping(const ObjectType* type);

// Allocates an object with one reference and zeroed, 16-byte aligned body in nonpaged pool. It has no name
// yet.
Result<void*> CreateObject(ObjectType* type, size_t body_byte_count);

struct InsertOptions {
  ACCESS_MASK desired_access = 0;
  KPROCESSOR_MODE access_mode = 0;  // KernelMode
  bool want_handle = true;
  void* parse_context = nullptr;
};
struct Inserted {
  // STATUS_SUCCESS, or STATUS_OBJECT_NAME_EXISTS when OBJ_OPENIF found one of the same type.
  NTSTATUS status = 0;
  // The object that has the name: the one given, or the existing one. Referenced for the caller.
  void* object = nullptr;
  HANDLE handle = nullptr;
};
// Gives the object its name, security descriptor and attributes (`attributes` in kernel memory, may be null)
// and a handle. Takes over the caller's reference whatever happens: on failure the object is gone.
// STATUS_OBJECT_NAME_COLLISION, STATUS_OBJECT_NAME_INVALID, STATUS_OBJECT_PATH_NOT_FOUND,
// STATUS_OBJECT_PATH_SYNTAX_BAD, STATUS_OBJECT_TYPE_MISMATCH (OBJ_OPENIF), STATUS_ACCESS_DENIED.
Result<Inserted> InsertObject(void* object, const OBJECT_ATTRIBUTES* attributes,
                              const InsertOptions& options);

// Opens a handle by name. `context` goes to parse procedures.
Result<HANDLE> OpenObjectByName(const OBJECT_ATTRIBUTES& attributes, ObjectType* type,
                                KPROCESSOR_MODE access_mode, ACCESS_MASK desired_access,
                                void* context = nullptr);
// The same without a handle: a referenced object.
Result<void*> ReferenceObjectByName(const OBJECT_ATTRIBUTES& attributes, ObjectType* type,
                                    KPROCESSOR_MODE access_mode, ACCESS_MASK desired_access,
                                    void* context = nullptr);
// Opens a handle to an object that the caller has a reference to. `attributes`: OBJ_KERNEL_HANDLE,
// OBJ_INHERIT …
Result<HANDLE> OpenObjectByPointer(void* object, ULONG attributes, KPROCESSOR_MODE access_mode,
                                   ACCESS_MASK desired_access, ObjectType* type = nullptr);

// Makes a handle without an access check and without callbacks: `granted` is what it gets.
Result<HANDLE> CreateHandle(void* object, ULONG attributes, ACCESS_MASK granted, OpenReason reason);

// In the current process' table, or the kernel's. Pseudo handles are understood.
// STATUS_INVALID_HANDLE, STATUS_OBJECT_TYPE_MISMATCH, STATUS_ACCESS_DENIED.
struct HandleInformation {
  ULONG attributes = 0;
  ACCESS_MASK granted_access = 0;
};
Result<void*> ReferenceByHandle(HANDLE handle, ACCESS_MASK desired_access, ObjectType* type,
                                KPROCESSOR_MODE access_mode, HandleInformation* information = nullptr);
// STATUS_INVALID_HANDLE, STATUS_HANDLE_NOT_CLOSABLE. Of a kernel-mode caller, under the verifier:
// INVALID_KERNEL_HANDLE.
Status CloseHandle(HANDLE handle, KPROCESSOR_MODE access_mode);
// nf-ntifs-zwduplicateobject. Null `target` with DUPLICATE_CLOSE_SOURCE only closes.
Result<HANDLE> DuplicateHandle(PEPROCESS source_process, HANDLE source, PEPROCESS target_process,
                               ACCESS_MASK desired_access, ULONG attributes, ULONG options,
                               KPROCESSOR_MODE access_mode);

inline bool IsKernelHandle(HANDLE handle) {
  // The pseudo handles are negative, too, and are not.
  return reinterpret_cast<LONG_PTR>(handle) < -16;
}

// Takes away OBJ_PERMANENT: the name goes with the last handle (at once when there is none).
void MakeTemporary(void* object);
void MakePermanent(void* object);
// Takes the name out of the namespace now, whoever has handles (IoDeleteDevice).
void RemoveName(void* object);
// Full path; empty when it has no name.
std::u16string NameOf(void* object);
// For types that keep their names themselves: what a report calls the object.
std::string Describe(void* object);

// Drops or replaces the header's security descriptor: takes over `descriptor`, a pool block
// (SeAssignSecurity's).
void SetSecurityDescriptor(void* object, PSECURITY_DESCRIPTOR descriptor);
PSECURITY_DESCRIPTOR SecurityDescriptorOf(void* object);

// The object's dispatcher header, null when it cannot be waited for.
void* DispatcherOf(void* object);

[[noreturn]] void BadReference(void* object, const char* what);
void DeleteUnreferenced(ObjectHeader* header);

inline void Reference(void* object) {
  [[maybe_unused]] int64_t before =
      ObjectHeader::Of(object)->pointer_count.fetch_add(1, std::memory_order_relaxed);
#if RING3_CHECKED
  if (__builtin_expect(before <= 0 || ObjectHeader::Of(object)->magic != kHeaderMagic, false)) {
    BadReference(object, "referenced after its last reference had gone");
  }
#endif
}
// Returns the number of references left.
inline int64_t Dereference(void* object, int64_t count = 1) {
  ObjectHeader* header = ObjectHeader::Of(object);
#if RING3_CHECKED
  if (__builtin_expect(header->magic != kHeaderMagic, false))
    BadReference(object, "dereferenced after its end");
#endif
  int64_t left = header->pointer_count.fetch_sub(count, std::memory_order_acq_rel) - count;
  if (__builtin_expect(left <= 0, false)) {
    if (left < 0) BadReference(object, "dereferenced more often than referenced");
    DeleteUnreferenced(header);
  }
  return left;
}
// A reference to an object that may be on its way out (found in a list): false when it has none left.
inline bool ReferenceUnlessDeleted(void* object) {
  std::atomic<int64_t>& count = ObjectHeader::Of(object)->pointer_count;
  int64_t now = count.load(std::memory_order_relaxed);
  while (now > 0) {
    if (count.compare_exchange_weak(now, now + 1, std::memory_order_acq_rel)) return true;
  }
  return false;
}

// A reference as an object.
template <typename T>
class Ref {
 public:
  Ref() = default;
  // Takes over a reference.
  static Ref Adopt(void* object) {
    Ref ref;
    ref.object_ = static_cast<T*>(object);
    return ref;
  }
  static Ref Take(T* object) {
    if (object != nullptr) Reference(object);
    return Adopt(object);
  }
  Ref(Ref&& other) noexcept : object_(other.object_) { other.object_ = nullptr; }
  Ref& operator=(Ref&& other) noexcept {
    if (this != &other) {
      Reset();
      object_ = other.object_;
      other.object_ = nullptr;
    }
    return *this;
  }
  ~Ref() { Reset(); }
  void Reset() {
    if (object_ != nullptr) Dereference(object_);
    object_ = nullptr;
  }
  T* Release() {
    T* object = object_;
    object_ = nullptr;
    return object;
  }
  T* get() const { return object_; }
  T* operator->() const { return object_; }
  explicit operator bool() const { return object_ != nullptr; }

 private:
  T* object_ = nullptr;
};

template <typename T>
Result<Ref<T>> ReferenceHandleAs(HANDLE handle, ACCESS_MASK access, ObjectType* type, KPROCESSOR_MODE mode,
                                 HandleInformation* information = nullptr) {
  RING3_TRY_ASSIGN(void* object, ReferenceByHandle(handle, access, type, mode, information));
  return Ref<T>::Adopt(object);
}

// Types of this component.
extern ObjectType* g_directory_type;
extern ObjectType* g_symbolic_link_type;
extern ObjectType* g_event_type;
extern ObjectType* g_mutant_type;
extern ObjectType* g_semaphore_type;
extern ObjectType* g_timer_type;

// A driver that the verifier watches: invalid handles are bug checks. Off unless asked for.
extern bool g_verify_handles;

}  // namespace ring3::ob
