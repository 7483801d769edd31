# The project built in other ways (check.py), label package: each needs seconds to a minute, some need tools that
# few machines have (a cross compiler, an emulator, debootstrap) and are skipped without them. Two quick ones are
# full tests as well.
if(NOT VRAMFIT_SANITIZE)
  foreach(way static hardened fetched no_program only_gcc only_clang bits32 big_endian windows debian)
    vf_python_test(package.${way} package package/check.py ${way} --source ${PROJECT_SOURCE_DIR} --cmake ${CMAKE_COMMAND})
    set_tests_properties(package.${way} PROPERTIES TIMEOUT 900)
  endforeach()
  set_tests_properties(package.hardened package.fetched PROPERTIES LABELS "package;full")
endif()
