// SPDX-License-Identifier: MIT
#include "se/exports.h"

#include <ddi/se_ntifs.h>

#include "se/sid.h"

namespace ring3::se {
namespace {

SE_EXPORTS g_exports;

// Static storage for one SID.
template <int id>
PSID Keep(const Sid& sid) {
  static Sid kept;
  kept = sid;
  return kept.get();
}

}  // namespace

void FillExports() {
  SE_EXPORTS& e = g_exports;
  auto luid = [](LONG value) { return RtlConvertLongToLuid(value); };
  e.SeCreateTokenPrivilege = luid(SE_CREATE_TOKEN_PRIVILEGE);
  e.SeAssignPrimaryTokenPrivilege = luid(SE_ASSIGNPRIMARYTOKEN_PRIVILEGE);
  e.SeLockMemoryPrivilege = luid(SE_LOCK_MEMORY_PRIVILEGE);
  e.SeIncreaseQuotaPrivilege = luid(SE_INCREASE_QUOTA_PRIVILEGE);
  e.SeUnsolicitedInputPrivilege = luid(0);
  e.SeTcbPrivilege = luid(SE_TCB_PRIVILEGE);
  e.SeSecurityPrivilege = luid(SE_SECURITY_PRIVILEGE);
  e.SeTakeOwnershipPrivilege = luid(SE_TAKE_OWNERSHIP_PRIVILEGE);
  e.SeLoadDriverPrivilege = luid(SE_LOAD_DRIVER_PRIVILEGE);
  e.SeCreatePagefilePrivilege = luid(SE_CREATE_PAGEFILE_PRIVILEGE);
  e.SeIncreaseBasePriorityPrivilege = luid(SE_INC_BASE_PRIORITY_PRIVILEGE);
  e.SeSystemProfilePrivilege = luid(SE_SYSTEM_PROFILE_PRIVILEGE);
  e.SeSystemtimePrivilege = luid(SE_SYSTEMTIME_PRIVILEGE);
  e.SeProfileSingleProcessPrivilege = luid(SE_PROF_SINGLE_PROCESS_PRIVILEGE);
  e.SeCreatePermanentPrivilege = luid(SE_CREATE_PERMANENT_PRIVILEGE);
  e.SeBackupPrivilege = luid(SE_BACKUP_PRIVILEGE);
  e.SeRestorePrivilege = luid(SE_RESTORE_PRIVILEGE);
  e.SeShutdownPrivilege = luid(SE_SHUTDOWN_PRIVILEGE);
  e.SeDebugPrivilege = luid(SE_DEBUG_PRIVILEGE);
  e.SeAuditPrivilege = luid(SE_AUDIT_PRIVILEGE);
  e.SeSystemEnvironmentPrivilege = luid(SE_SYSTEM_ENVIRONMENT_PRIVILEGE);
  e.SeChangeNotifyPrivilege = luid(SE_CHANGE_NOTIFY_PRIVILEGE);
  e.SeRemoteShutdownPrivilege = luid(SE_REMOTE_SHUTDOWN_PRIVILEGE);
  e.SeUndockPrivilege = luid(SE_UNDOCK_PRIVILEGE);
  e.SeSyncAgentPrivilege = luid(SE_SYNC_AGENT_PRIVILEGE);
  e.SeEnableDelegationPrivilege = luid(SE_ENABLE_DELEGATION_PRIVILEGE);
  e.SeManageVolumePrivilege = luid(SE_MANAGE_VOLUME_PRIVILEGE);
  e.SeImpersonatePrivilege = luid(SE_IMPERSONATE_PRIVILEGE);
  e.SeCreateGlobalPrivilege = luid(SE_CREATE_GLOBAL_PRIVILEGE);
  e.SeTrustedCredManAccessPrivilege = luid(SE_TRUSTED_CREDMAN_ACCESS_PRIVILEGE);
  e.SeRelabelPrivilege = luid(SE_RELABEL_PRIVILEGE);
  e.SeIncreaseWorkingSetPrivilege = luid(SE_INC_WORKING_SET_PRIVILEGE);
  e.SeTimeZonePrivilege = luid(SE_TIME_ZONE_PRIVILEGE);
  e.SeCreateSymbolicLinkPrivilege = luid(SE_CREATE_SYMBOLIC_LINK_PRIVILEGE);

  e.SeNullSid = Keep<0>(Sid(0, {0}));
  e.SeWorldSid = Keep<1>(World());
  e.SeLocalSid = Keep<2>(Sid(2, {0}));
  e.SeCreatorOwnerSid = Keep<3>(Sid(3, {0}));
  e.SeCreatorGroupSid = Keep<4>(Sid(3, {1}));
  e.SeNtAuthoritySid = Keep<5>(Sid(5, {}));
  e.SeDialupSid = Keep<6>(Sid(5, {SECURITY_DIALUP_RID}));
  e.SeNetworkSid = Keep<7>(Sid(5, {SECURITY_NETWORK_RID}));
  e.SeBatchSid = Keep<8>(Sid(5, {SECURITY_BATCH_RID}));
  e.SeInteractiveSid = Keep<9>(Sid(5, {SECURITY_INTERACTIVE_RID}));
  e.SeLocalSystemSid = Keep<10>(LocalSystem());
  e.SeAliasAdminsSid = Keep<11>(Administrators());
  e.SeAliasUsersSid = Keep<12>(Users());
  e.SeAliasGuestsSid = Keep<13>(Sid(5, {32, DOMAIN_ALIAS_RID_GUESTS}));
  e.SeAliasPowerUsersSid = Keep<14>(Sid(5, {32, DOMAIN_ALIAS_RID_POWER_USERS}));
  e.SeAliasAccountOpsSid = Keep<15>(Sid(5, {32, 548}));
  e.SeAliasSystemOpsSid = Keep<16>(Sid(5, {32, 549}));
  e.SeAliasPrintOpsSid = Keep<17>(Sid(5, {32, 550}));
  e.SeAliasBackupOpsSid = Keep<18>(Sid(5, {32, 551}));
  e.SeAuthenticatedUsersSid = Keep<19>(AuthenticatedUsers());
  e.SeRestrictedSid = Keep<20>(Sid(5, {SECURITY_RESTRICTED_CODE_RID}));
  e.SeAnonymousLogonSid = Keep<21>(Sid(5, {SECURITY_ANONYMOUS_LOGON_RID}));
  e.SeLocalServiceSid = Keep<22>(Sid(5, {SECURITY_LOCAL_SERVICE_RID}));
  e.SeNetworkServiceSid = Keep<23>(Sid(5, {SECURITY_NETWORK_SERVICE_RID}));
  e.SeIUserSid = Keep<24>(Sid(5, {17}));
  e.SeUntrustedMandatorySid = Keep<25>(Sid(16, {SECURITY_MANDATORY_UNTRUSTED_RID}));
  e.SeLowMandatorySid = Keep<26>(Sid(16, {SECURITY_MANDATORY_LOW_RID}));
  e.SeMediumMandatorySid = Keep<27>(Sid(16, {SECURITY_MANDATORY_MEDIUM_RID}));
  e.SeHighMandatorySid = Keep<28>(Sid(16, {SECURITY_MANDATORY_HIGH_RID}));
  e.SeSystemMandatorySid = Keep<29>(Sid(16, {SECURITY_MANDATORY_SYSTEM_RID}));
  e.SeOwnerRightsSid = Keep<30>(Sid(3, {4}));
  e.SeAllAppPackagesSid = Keep<31>(Sid(15, {2, 1}));
  e.SeUserModeDriversSid = Keep<32>(Sid(5, {84, 0, 0, 0, 0, 0}));
}

}  // namespace ring3::se

extern "C" {
NTKERNELAPI PSE_EXPORTS SeExports = &ring3::se::g_exports;
}
