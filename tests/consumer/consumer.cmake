# The installed package, as a stranger uses it. Sanitized libraries would need their flags there.
find_program(VF_CXX NAMES ${CMAKE_CXX_COMPILER} c++ g++ clang++)
if(VRAMFIT_INSTALL AND VF_CXX AND NOT VRAMFIT_SANITIZE)
  vf_python_test(install.consumers full consumer/check.py --source ${PROJECT_SOURCE_DIR}
    --build ${PROJECT_BINARY_DIR} --cmake ${CMAKE_COMMAND} --generator ${CMAKE_GENERATOR} --cc ${CMAKE_C_COMPILER} --cxx ${VF_CXX})
  set_tests_properties(install.consumers PROPERTIES TIMEOUT 600)
endif()
