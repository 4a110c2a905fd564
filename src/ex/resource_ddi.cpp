// SPDX-License-Identifier: MIT
#include <ddi/ex_ntifs.h>
#include <ntstatus.h>

#include "ex/resource.h"
#include "ke/kthread.h"

using namespace ring3::ex;  // NOLINT(google-build-using-namespace)

namespace {

Patience PatienceOf(BOOLEAN wait) {
  return wait ? Patience::kWait : Patience::kDoNotWait;
}

}  // namespace

// Makes a free resource. The caller's storage is nonpaged and 8-byte aligned.
// wdm/nf-wdm-exinitializeresourcelite
extern "C" NTSTATUS ExInitializeResourceLite(PERESOURCE Resource) {
  ring3::ex::Resource::Of(Resource).Initialize();
  return STATUS_SUCCESS;
}

// wdm/nf-wdm-exreinitializeresourcelite
extern "C" NTSTATUS ExReinitializeResourceLite(PERESOURCE Resource) {
  ring3::ex::Resource::Of(Resource).Reinitialize();
  return STATUS_SUCCESS;
}

// Must precede the freeing of its memory; DRIVER_VERIFIER_DETECTED_VIOLATION 0xD1 when it was not
// initialised. wdm/nf-wdm-exdeleteresourcelite
extern "C" NTSTATUS ExDeleteResourceLite(PERESOURCE Resource) {
  ring3::ex::Resource::Of(Resource).Delete();
  return STATUS_SUCCESS;
}

// Recursive for an exclusive owner. FALSE when `Wait` is FALSE and access cannot be had at once. IRQL <
// DISPATCH_LEVEL. wdm/nf-wdm-exacquireresourceexclusivelite
extern "C" BOOLEAN ExAcquireResourceExclusiveLite(PERESOURCE Resource, BOOLEAN Wait) {
  return ring3::ex::Resource::Of(Resource).AcquireExclusive(PatienceOf(Wait));
}

extern "C" BOOLEAN ExTryToAcquireResourceExclusiveLite(PERESOURCE Resource) {
  return ring3::ex::Resource::Of(Resource).AcquireExclusive(Patience::kDoNotWait);
}

// Recursive for any owner; otherwise behind threads that wait for exclusive access.
// wdm/nf-wdm-exacquireresourcesharedlite
extern "C" BOOLEAN ExAcquireResourceSharedLite(PERESOURCE Resource, BOOLEAN Wait) {
  return ring3::ex::Resource::Of(Resource).AcquireShared(SharedPolicy::kFair, PatienceOf(Wait));
}

// wdm/nf-wdm-exacquiresharedstarveexclusive
extern "C" BOOLEAN ExAcquireSharedStarveExclusive(PERESOURCE Resource, BOOLEAN Wait) {
  return ring3::ex::Resource::Of(Resource).AcquireShared(SharedPolicy::kStarve, PatienceOf(Wait));
}

// wdm/nf-wdm-exacquiresharedwaitforexclusive
extern "C" BOOLEAN ExAcquireSharedWaitForExclusive(PERESOURCE Resource, BOOLEAN Wait) {
  return ring3::ex::Resource::Of(Resource).AcquireShared(SharedPolicy::kBehindAlways, PatienceOf(Wait));
}

// RESOURCE_NOT_OWNED when the caller does not own it. IRQL <= DISPATCH_LEVEL.
// wdm/nf-wdm-exreleaseresourcelite
extern "C" VOID ExReleaseResourceLite(PERESOURCE Resource) {
  ring3::ex::Resource::Of(Resource).Release(ExGetCurrentResourceThread());
}

// wdm/nf-wdm-exreleaseresourceforthreadlite
extern "C" VOID ExReleaseResourceForThreadLite(PERESOURCE Resource, ERESOURCE_THREAD ResourceThreadId) {
  ring3::ex::Resource::Of(Resource).Release(ResourceThreadId);
}

// From now on `OwnerPointer` (its two lowest bits set) owns what the caller did.
// wdm/nf-wdm-exsetresourceownerpointer
extern "C" VOID ExSetResourceOwnerPointer(PERESOURCE Resource, PVOID OwnerPointer) {
  ring3::ex::Resource::Of(Resource).SetOwner(reinterpret_cast<ERESOURCE_THREAD>(OwnerPointer));
}

// wdm/nf-wdm-exsetresourceownerpointerex
extern "C" VOID ExSetResourceOwnerPointerEx(PERESOURCE Resource, PVOID OwnerPointer, ULONG) {
  ring3::ex::Resource::Of(Resource).SetOwner(reinterpret_cast<ERESOURCE_THREAD>(OwnerPointer));
}

// Lets those in who wait for shared access. wdm/nf-wdm-exconvertexclusivetosharedlite
extern "C" VOID ExConvertExclusiveToSharedLite(PERESOURCE Resource) {
  ring3::ex::Resource::Of(Resource).ConvertToShared();
}

// wdm/nf-wdm-exisresourceacquiredexclusivelite
extern "C" BOOLEAN ExIsResourceAcquiredExclusiveLite(PERESOURCE Resource) {
  return ring3::ex::Resource::Of(Resource).IsExclusiveMine();
}

// How often the caller owns it, shared or exclusively. wdm/nf-wdm-exisresourceacquiredsharedlite
extern "C" ULONG ExIsResourceAcquiredSharedLite(PERESOURCE Resource) {
  return ring3::ex::Resource::Of(Resource).TimesMine();
}

// wdm/nf-wdm-exgetexclusivewaitercount
extern "C" ULONG ExGetExclusiveWaiterCount(PERESOURCE Resource) {
  return ring3::ex::Resource::Of(Resource).ExclusiveWaiters();
}

// wdm/nf-wdm-exgetsharedwaitercount
extern "C" ULONG ExGetSharedWaiterCount(PERESOURCE Resource) {
  return ring3::ex::Resource::Of(Resource).SharedWaiters();
}

// Each returns what ExReleaseResourceAndLeaveCriticalRegion's caller has no use for: null.
// wdm/nf-wdm-exentercriticalregionandacquireresourceexclusive
extern "C" PVOID ExEnterCriticalRegionAndAcquireResourceExclusive(PERESOURCE Resource) {
  KeEnterCriticalRegion();
  ExAcquireResourceExclusiveLite(Resource, TRUE);
  return nullptr;
}

extern "C" PVOID ExEnterCriticalRegionAndAcquireResourceShared(PERESOURCE Resource) {
  KeEnterCriticalRegion();
  ExAcquireResourceSharedLite(Resource, TRUE);
  return nullptr;
}

extern "C" PVOID ExEnterCriticalRegionAndAcquireSharedWaitForExclusive(PERESOURCE Resource) {
  KeEnterCriticalRegion();
  ExAcquireSharedWaitForExclusive(Resource, TRUE);
  return nullptr;
}

// wdm/nf-wdm-exreleaseresourceandleavecriticalregion
extern "C" VOID ExReleaseResourceAndLeaveCriticalRegion(PERESOURCE Resource) {
  ExReleaseResourceLite(Resource);
  KeLeaveCriticalRegion();
}

// There is no priority boost to turn off. ntifs/nf-ntifs-exdisableresourceboostlite
extern "C" VOID ExDisableResourceBoostLite(PERESOURCE) {}
