# ring3_component(<name> [NO_EXCEPTIONS]): the objects of src/<name>, as library ring3_<name>, and, when
# there are *_test.cpp files beside them, a test program <name>_test that links the whole executive.
function(ring3_component name)
  cmake_parse_arguments(ARG "NO_EXECUTIVE" "" "LINK" ${ARGN})
  set(dir ${CMAKE_SOURCE_DIR}/src/${name})
  file(GLOB sources CONFIGURE_DEPENDS ${dir}/*.cpp ${dir}/*.S)
  file(GLOB tests CONFIGURE_DEPENDS ${dir}/*_test.cpp)
  list(FILTER sources EXCLUDE REGEX "(_test|/main)\\.cpp$")
  # Process-wide, in a library of their own: see ring3_seh_library.
  list(FILTER sources EXCLUDE REGEX "/(os/fault_|os/guarded_copy|rtl/seh_)[^/]*$")
  # The application library's: it replaces munmap and its kin in the whole process.
  list(FILTER sources EXCLUDE REGEX "/os/(interposed_|adoption)[^/]*$")
  # A program's own, where it has AddressSanitizer's runtime.
  list(FILTER sources EXCLUDE REGEX "/os/libc_heap[^/]*$")
  if(NOT sources)
    return()
  endif()
  add_library(ring3_${name} OBJECT ${sources})
  target_link_libraries(ring3_${name} PUBLIC ring3_nt_options fmt::fmt Threads::Threads ${ARG_LINK})
  if(NOT ARG_NO_EXECUTIVE)
    target_compile_options(ring3_${name} PRIVATE $<$<COMPILE_LANGUAGE:CXX>:-fno-exceptions>)
    set_property(GLOBAL APPEND PROPERTY RING3_EXECUTIVE_COMPONENTS ring3_${name})
  endif()
  if(tests)
    set_property(GLOBAL APPEND PROPERTY RING3_TESTED_COMPONENTS ${name})
    set_property(GLOBAL PROPERTY RING3_TESTS_OF_${name} ${tests})
  endif()
endfunction()

# libring3-seh.so: structured exceptions and hardware faults. Drivers, executive and application share one instance of it, and with
# it one chain of __try frames per thread. It works on stacks that no sanitizer knows, so it is not instrumented.
function(ring3_seh_library)
  file(GLOB sources CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/src/os/fault_*.cpp ${CMAKE_SOURCE_DIR}/src/os/guarded_copy.*
       ${CMAKE_SOURCE_DIR}/src/rtl/seh_*.cpp ${CMAKE_SOURCE_DIR}/src/rtl/seh_*.S)
  list(FILTER sources EXCLUDE REGEX "(_test\\.cpp|\\.h)$")
  add_library(ring3_seh SHARED ${sources})
  set_target_properties(ring3_seh PROPERTIES OUTPUT_NAME ring3-seh)
  target_link_libraries(ring3_seh PRIVATE ring3_nt_options ring3_not_sanitized Threads::Threads)
  target_compile_options(ring3_seh PRIVATE $<$<COMPILE_LANGUAGE:CXX>:-fno-exceptions>)
  install(TARGETS ring3_seh LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR})
endfunction()

# To be called when every component is known: the executive's libraries and the components' test programs.
function(ring3_finish_components)
  get_property(components GLOBAL PROPERTY RING3_EXECUTIVE_COMPONENTS)
  set(objects)
  foreach(component ${components})
    list(APPEND objects $<TARGET_OBJECTS:${component}>)
  endforeach()
  # What drivers import from.
  add_library(ntoskrnl SHARED ${objects})
  target_link_libraries(ntoskrnl PUBLIC ring3_nt_options ring3_seh fmt::fmt Threads::Threads ${CMAKE_DL_LIBS} dw)
  # The executive calls its own DDIs directly, whatever else in the process has their names.
  target_link_options(ntoskrnl PRIVATE -Wl,-Bsymbolic-functions)
  if(NOT RING3_SANITIZER)  # whose runtime is in the program
    target_link_options(ntoskrnl PRIVATE -Wl,-z,defs)
  endif()
  # The same, with its insides visible, for the components' tests and benchmarks.
  add_library(ring3_executive STATIC ${objects})
  target_link_libraries(ring3_executive PUBLIC ring3_nt_options ring3_seh fmt::fmt Threads::Threads ${CMAKE_DL_LIBS} dw)

  get_property(tested GLOBAL PROPERTY RING3_TESTED_COMPONENTS)
  include(GoogleTest)
  foreach(component ${tested})
    get_property(tests GLOBAL PROPERTY RING3_TESTS_OF_${component})
    add_executable(${component}_test ${tests})
    target_link_libraries(${component}_test PRIVATE ring3_executive GTest::gtest GTest::gmock GTest::gtest_main)
    target_link_options(${component}_test PRIVATE -rdynamic)
    gtest_discover_tests(${component}_test DISCOVERY_TIMEOUT 60 PROPERTIES TIMEOUT 300)
  endforeach()
endfunction()
