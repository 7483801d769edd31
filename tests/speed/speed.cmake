# Times that are promised; only an optimized build without sanitizers can keep them.
if(CMAKE_BUILD_TYPE STREQUAL "Release" AND NOT VRAMFIT_SANITIZE)
  add_executable(vf_bench ${CMAKE_CURRENT_LIST_DIR}/bench.c)
  target_link_libraries(vf_bench PRIVATE vramfit vf_flags)
  add_executable(vf_spawn ${CMAKE_CURRENT_LIST_DIR}/spawn.c)
  target_link_libraries(vf_spawn PRIVATE vf_flags)
  vf_python_test(speed full speed/speed.py --program $<TARGET_FILE:vramfit_cli> --bench $<TARGET_FILE:vf_bench>
    --spawn $<TARGET_FILE:vf_spawn>)
  vf_python_test(speed.growth full speed/growth.py $<TARGET_FILE:vramfit_cli>)
  set_tests_properties(speed speed.growth PROPERTIES RUN_SERIAL ON)
endif()
