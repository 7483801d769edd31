# Hostile and sloppy input (README.md): a quick pass that judges crashes, hangs and memory, and the
# whole corpus with sweeps and injected faults.
set(vf_hostile $<TARGET_FILE:vramfit_cli>)
if(VRAMFIT_SANITIZE)
  list(APPEND vf_hostile --sanitized)
elseif(CMAKE_SYSTEM_NAME STREQUAL "Linux")
  add_library(vf_fault SHARED ${CMAKE_CURRENT_LIST_DIR}/fault.c)
  target_link_libraries(vf_fault PRIVATE ${CMAKE_DL_LIBS})
  set(vf_hostile_fault --fault $<TARGET_FILE:vf_fault>)
endif()
vf_python_test(hostile.quick fast hostile/run.py ${vf_hostile} --quick --crash-only)
vf_python_test(hostile.full full hostile/run.py ${vf_hostile} ${vf_hostile_fault})
set_tests_properties(hostile.quick PROPERTIES TIMEOUT 300)
set_tests_properties(hostile.full PROPERTIES TIMEOUT 1200 RUN_SERIAL ON)
