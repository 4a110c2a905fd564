# What `cmake --install` puts where. Included last, when all targets are known. The installed tree may be moved:
# everything finds everything else relative to itself.
include(CMakePackageConfigHelpers)

set(RING3_HEADERS ${CMAKE_INSTALL_DATADIR}/ring3/include)
set(package_folder ${CMAKE_INSTALL_LIBDIR}/cmake/Ring3)

foreach(target ntoskrnl ring3-win32 ring3_seh)
  if(TARGET ${target})
    set_target_properties(${target} PROPERTIES INSTALL_RPATH "$ORIGIN")
    install(TARGETS ${target} LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR})
  endif()
endforeach()
foreach(target ring3-crt-driver ring3-crt-app ring3-crt-wmain)
  install(TARGETS ${target} ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR})
endforeach()
foreach(target ring3 ring3-host ring3-host-address ring3-host-undefined ring3-cc)
  if(TARGET ${target})
    set_target_properties(${target} PROPERTIES INSTALL_RPATH "$ORIGIN/../${CMAKE_INSTALL_LIBDIR}")
    install(TARGETS ${target} RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR})
  endif()
endforeach()

install(DIRECTORY include/wdk include/win32 include/shared DESTINATION ${RING3_HEADERS})
install(DIRECTORY include/ring3 DESTINATION ${CMAKE_INSTALL_INCLUDEDIR})
install(FILES cmake/gdb/ring3_gdb.py DESTINATION ${CMAKE_INSTALL_DATADIR}/ring3)
file(RELATIVE_PATH libraries /${CMAKE_INSTALL_DATADIR}/ring3 /${CMAKE_INSTALL_LIBDIR})
ring3_write_configuration(${CMAKE_BINARY_DIR}/install/ring3-cc.cfg include ${libraries})
install(FILES ${CMAKE_BINARY_DIR}/install/ring3-cc.cfg DESTINATION ${CMAKE_INSTALL_DATADIR}/ring3)

configure_package_config_file(cmake/Ring3Config.cmake.in ${CMAKE_BINARY_DIR}/install/Ring3Config.cmake
  INSTALL_DESTINATION ${package_folder}
  PATH_VARS CMAKE_INSTALL_BINDIR CMAKE_INSTALL_LIBDIR CMAKE_INSTALL_INCLUDEDIR RING3_HEADERS)
write_basic_package_version_file(${CMAKE_BINARY_DIR}/install/Ring3ConfigVersion.cmake COMPATIBILITY SameMinorVersion)
install(FILES ${CMAKE_BINARY_DIR}/install/Ring3Config.cmake ${CMAKE_BINARY_DIR}/install/Ring3ConfigVersion.cmake
  cmake/Ring3Driver.cmake DESTINATION ${package_folder})

# Installs into the build tree, and builds a small project against that.
add_test(NAME package COMMAND ${CMAKE_COMMAND} -D RING3_BINARY_DIR=${CMAKE_BINARY_DIR}
  -D PROJECT_DIR=${CMAKE_SOURCE_DIR}/tests/package -D GENERATOR=${CMAKE_GENERATOR}
  -P ${CMAKE_SOURCE_DIR}/tests/package/run.cmake)
set_tests_properties(package PROPERTIES TIMEOUT 300)
