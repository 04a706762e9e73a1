# What `cmake --install` puts where: the library, its header, the tools, the emulated driver, and
# the two ways to find them (pkg-config weft; find_package(weft), target weft::weft).
include(CMakePackageConfigHelpers)

install(TARGETS weft EXPORT weft-targets LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR})
install(FILES include/weft.h DESTINATION ${CMAKE_INSTALL_INCLUDEDIR})
get_property(programs GLOBAL PROPERTY WEFT_PROGRAMS)
if(programs)
    install(TARGETS ${programs} DESTINATION ${CMAKE_INSTALL_BINDIR})
endif()
if(TARGET weft-cuda-emu)
    install(TARGETS weft-cuda-emu LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR})
endif()

# From the folder of weft.pc up to the prefix, so that an installed tree may be moved.
file(RELATIVE_PATH pc_to_prefix /${CMAKE_INSTALL_LIBDIR}/pkgconfig /)
configure_file(cmake/weft.pc.in weft.pc @ONLY)
install(FILES ${PROJECT_BINARY_DIR}/weft.pc DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig)

set(package_dir ${CMAKE_INSTALL_LIBDIR}/cmake/weft)
configure_file(cmake/weft-config.cmake.in weft-config.cmake COPYONLY)
# Before 1.0 a minor version may change the API.
write_basic_package_version_file(${PROJECT_BINARY_DIR}/weft-config-version.cmake
    COMPATIBILITY SameMinorVersion)
install(EXPORT weft-targets NAMESPACE weft:: DESTINATION ${package_dir})
install(FILES ${PROJECT_BINARY_DIR}/weft-config.cmake
    ${PROJECT_BINARY_DIR}/weft-config-version.cmake DESTINATION ${package_dir})
