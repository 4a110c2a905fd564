# Flags of every target of Ring3 itself. Drivers are compiled by ring3-cc, which has flags of its own.

find_program(RING3_CCACHE ccache)
if(RING3_CCACHE)
  set(CMAKE_C_COMPILER_LAUNCHER ${RING3_CCACHE})
  set(CMAKE_CXX_COMPILER_LAUNCHER ${RING3_CCACHE})
endif()

set(CMAKE_CXX_FLAGS_DEBUG "-O1 -g")
set(CMAKE_CXX_FLAGS_RELWITHDEBINFO "-O2 -g -DNDEBUG")

add_library(ring3_options INTERFACE)
target_compile_options(ring3_options INTERFACE
  -fno-omit-frame-pointer -fasynchronous-unwind-tables -fvisibility=hidden -fvisibility-inlines-hidden
  -fno-strict-aliasing
  $<$<COMPILE_LANGUAGE:C,CXX>:-Wall -Wextra -Werror -Wno-multichar -Wno-four-char-constants
  -Wno-missing-field-initializers -Wno-unknown-pragmas -Wno-ignored-attributes>
  $<$<COMPILE_LANGUAGE:CXX>:-Wthread-safety -Wthread-safety-beta -Wnon-virtual-dtor>)
target_link_options(ring3_options INTERFACE -fuse-ld=lld-19 -Wl,--build-id)

if(RING3_CHECKED)
  target_compile_definitions(ring3_options INTERFACE RING3_CHECKED=1)
endif()
if(RING3_SANITIZER)
  target_compile_options(ring3_options INTERFACE -fsanitize=${RING3_SANITIZER} -fno-sanitize-recover=undefined)
  target_link_options(ring3_options INTERFACE -fsanitize=${RING3_SANITIZER})
  if(RING3_SANITIZER STREQUAL "undefined")
    # Calls through DDI pointers cross C and C++, and drivers put flags into values of C's enumerations (POOL_TYPE).
    target_compile_options(ring3_options INTERFACE -fno-sanitize=vptr,function,enum)
    target_link_options(ring3_options INTERFACE -fno-sanitize=vptr,function,enum)
  endif()
endif()
if(RING3_FUZZ)
  # Counters only: programs that are no fuzzers get empty ones from the sanitizer's runtime.
  target_compile_options(ring3_options INTERFACE -fsanitize=fuzzer-no-link)
endif()

# Behind the others: it takes their sanitizer back.
add_library(ring3_not_sanitized INTERFACE)
target_compile_options(ring3_not_sanitized INTERFACE -fno-sanitize=all)
target_link_options(ring3_not_sanitized INTERFACE -fno-sanitize=all)

# What includes the driver headers: Windows' 16-bit wchar_t and structure extensions.
add_library(ring3_nt_options INTERFACE)
target_link_libraries(ring3_nt_options INTERFACE ring3_options)
target_compile_options(ring3_nt_options INTERFACE
  $<$<COMPILE_LANGUAGE:C,CXX>:-fshort-wchar -fms-extensions -Wno-microsoft -Wno-gnu-anonymous-struct>
  $<$<COMPILE_LANGUAGE:CXX>:-ftls-model=initial-exec>)
target_compile_definitions(ring3_nt_options INTERFACE RING3_EXECUTIVE=1 NOMINMAX=1)
target_include_directories(ring3_nt_options INTERFACE
  ${CMAKE_SOURCE_DIR}/src ${CMAKE_SOURCE_DIR}/include
  ${CMAKE_SOURCE_DIR}/include/wdk ${CMAKE_SOURCE_DIR}/include/shared)
