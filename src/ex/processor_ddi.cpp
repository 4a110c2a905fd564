// SPDX-License-Identifier: MIT
#include <ddi/ex.h>

// What the processor that all this runs on can do; FALSE for what is not known. Any IRQL.
// wdm/nf-wdm-exisprocessorfeaturepresent
extern "C" BOOLEAN ExIsProcessorFeaturePresent(ULONG ProcessorFeature) {
  switch (ProcessorFeature) {
    case PF_COMPARE_EXCHANGE_DOUBLE:
    case PF_MMX_INSTRUCTIONS_AVAILABLE:
    case PF_XMMI_INSTRUCTIONS_AVAILABLE:
    case PF_XMMI64_INSTRUCTIONS_AVAILABLE:
    case PF_RDTSC_INSTRUCTION_AVAILABLE:
    case PF_PAE_ENABLED:
    case PF_NX_ENABLED:
    case PF_SSE_DAZ_MODE_AVAILABLE:
    case PF_FASTFAIL_AVAILABLE:
    case PF_COMPARE_EXCHANGE128:
      return TRUE;  // every x64 processor that Windows runs on
    case PF_SSE3_INSTRUCTIONS_AVAILABLE:
      return __builtin_cpu_supports("sse3") != 0;
    case PF_SSSE3_INSTRUCTIONS_AVAILABLE:
      return __builtin_cpu_supports("ssse3") != 0;
    case PF_SSE4_1_INSTRUCTIONS_AVAILABLE:
      return __builtin_cpu_supports("sse4.1") != 0;
    case PF_SSE4_2_INSTRUCTIONS_AVAILABLE:
      return __builtin_cpu_supports("sse4.2") != 0;
    case PF_XSAVE_ENABLED:
    case PF_AVX_INSTRUCTIONS_AVAILABLE:
      return __builtin_cpu_supports("avx") != 0;
    case PF_AVX2_INSTRUCTIONS_AVAILABLE:
      return __builtin_cpu_supports("avx2") != 0;
    case PF_AVX512F_INSTRUCTIONS_AVAILABLE:
      return __builtin_cpu_supports("avx512f") != 0;
    default:
      return FALSE;
  }
}

// The simulated system is a single-user Windows workstation.
extern "C" BOOLEAN ExVerifySuite(SUITE_TYPE SuiteType) {
  return SuiteType == SingleUserTS;
}
