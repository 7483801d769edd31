# Installation: library, headers, program, catalog, find_package(vramfit) and pkg-config.
# A project that includes this one with add_subdirectory installs what it wants itself.
option(VRAMFIT_INSTALL "Install the library, the program and the catalog" ${PROJECT_IS_TOP_LEVEL})
if(VRAMFIT_INSTALL)
  include(CMakePackageConfigHelpers)
  set(vf_package_dir ${CMAKE_INSTALL_LIBDIR}/cmake/vramfit)

  # Three components, the packages of package.cmake: program, library, development.
  set(CMAKE_INSTALL_DEFAULT_COMPONENT_NAME development)
  set(vf_libraries vramfit)
  if(VRAMFIT_BOTH_LIBRARIES)
    list(APPEND vf_libraries vramfit_shared)
  endif()
  install(TARGETS ${vf_libraries} EXPORT vramfitTargets FILE_SET HEADERS
    RUNTIME COMPONENT library LIBRARY COMPONENT library NAMELINK_COMPONENT development
    ARCHIVE COMPONENT development)
  install(EXPORT vramfitTargets NAMESPACE vramfit:: DESTINATION ${vf_package_dir})
  configure_package_config_file(src/install/vramfitConfig.cmake.in
    ${PROJECT_BINARY_DIR}/vramfitConfig.cmake INSTALL_DESTINATION ${vf_package_dir})
  # Before 1.0 a minor version may break what was there.
  write_basic_package_version_file(${PROJECT_BINARY_DIR}/vramfitConfigVersion.cmake
    COMPATIBILITY SameMinorVersion)
  install(FILES ${PROJECT_BINARY_DIR}/vramfitConfig.cmake
    ${PROJECT_BINARY_DIR}/vramfitConfigVersion.cmake DESTINATION ${vf_package_dir})

  # Whoever links the static library links cJSON too; for the shared one it is our own affair.
  if(VRAMFIT_CJSON)
    set(vf_pc_requires "")
  elseif(BUILD_SHARED_LIBS OR VRAMFIT_BOTH_LIBRARIES)
    set(vf_pc_requires "Requires.private: libcjson")
  else()
    set(vf_pc_requires "Requires: libcjson")
  endif()
  if(BUILD_SHARED_LIBS OR VRAMFIT_BOTH_LIBRARIES)
    set(vf_pc_cflags "")
    set(vf_pc_libs "")
  else()
    set(vf_pc_libs "")
    if(VRAMFIT_NVML) # dlopen, where the C library has it apart
      foreach(library ${CMAKE_DL_LIBS})
        string(APPEND vf_pc_libs " -l${library}")
      endforeach()
    endif()
    set(vf_pc_cflags " -DVRAMFIT_STATIC")
  endif()
  # The paths follow the file, so that `cmake --install --prefix` and a moved tree stay right.
  foreach(dir LIBDIR INCLUDEDIR)
    if(IS_ABSOLUTE "${CMAKE_INSTALL_${dir}}")
      set(vf_pc_${dir} ${CMAKE_INSTALL_${dir}})
    else()
      set(vf_pc_${dir} "\${prefix}/${CMAKE_INSTALL_${dir}}")
    endif()
  endforeach()
  if(IS_ABSOLUTE "${CMAKE_INSTALL_LIBDIR}")
    set(vf_pc_prefix ${CMAKE_INSTALL_PREFIX})
  else()
    file(RELATIVE_PATH vf_pc_up "/${CMAKE_INSTALL_LIBDIR}/pkgconfig" /)
    string(REGEX REPLACE "/$" "" vf_pc_up "${vf_pc_up}")
    set(vf_pc_prefix "\${pcfiledir}/${vf_pc_up}")
  endif()
  configure_file(src/install/vramfit.pc.in ${PROJECT_BINARY_DIR}/vramfit.pc @ONLY)
  install(FILES ${PROJECT_BINARY_DIR}/vramfit.pc DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig)

  if(TARGET vramfit_cli)
    install(TARGETS vramfit_cli COMPONENT program)
    if(BUILD_SHARED_LIBS AND UNIX AND NOT APPLE)
      # The program finds the library beside it, whatever the prefix.
      file(RELATIVE_PATH vf_lib_from_bin /${CMAKE_INSTALL_BINDIR} /${CMAKE_INSTALL_LIBDIR})
      set_target_properties(vramfit_cli PROPERTIES INSTALL_RPATH "$ORIGIN/${vf_lib_from_bin}")
    endif()
  endif()

  # What belongs to the program. The catalog is compiled in; the installed files are there to read,
  # and to start a catalog of one's own from.
  if(TARGET vramfit_cli)
    set(CMAKE_INSTALL_DEFAULT_COMPONENT_NAME program)
    install(FILES data/man/vramfit.1 DESTINATION ${CMAKE_INSTALL_MANDIR}/man1)
    install(FILES data/completions/vramfit.bash RENAME vramfit
      DESTINATION ${CMAKE_INSTALL_DATADIR}/bash-completion/completions)
    install(FILES data/completions/_vramfit DESTINATION ${CMAKE_INSTALL_DATADIR}/zsh/site-functions)
    install(FILES data/completions/vramfit.fish DESTINATION ${CMAKE_INSTALL_DATADIR}/fish/vendor_completions.d)
  endif()
  install(DIRECTORY data/ DESTINATION ${CMAKE_INSTALL_DATADIR}/vramfit OPTIONAL
    FILES_MATCHING PATTERN "*.json" PATTERN man EXCLUDE PATTERN completions EXCLUDE)
  install(FILES LICENSE DESTINATION ${CMAKE_INSTALL_DOCDIR})
  if(PROJECT_IS_TOP_LEVEL)
    include(src/install/package.cmake)
  endif()
endif()
