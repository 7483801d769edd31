# Random configurations against llama.cpp's own allocator (README.md): a target to run by hand, never part of
# the build or of the tests. VRAMFIT_ORACLE is the folder of the kit; it is set up (network, npm, g++) when empty.
set(VRAMFIT_ORACLE "${PROJECT_BINARY_DIR}/oracle" CACHE PATH "Where the oracle's kit is, or is made")
set(VRAMFIT_ORACLE_COUNT 500 CACHE STRING "Configurations that the target oracle compares")
add_custom_target(oracle
  COMMAND ${Python3_EXECUTABLE} -B ${CMAKE_CURRENT_LIST_DIR}/oracle.py setup ${VRAMFIT_ORACLE}
  COMMAND ${Python3_EXECUTABLE} -B ${CMAKE_CURRENT_LIST_DIR}/oracle.py random ${VRAMFIT_ORACLE}
    $<TARGET_FILE:vramfit_cli> --count ${VRAMFIT_ORACLE_COUNT}
  DEPENDS vramfit_cli USES_TERMINAL VERBATIM)
