# This machine's cards, on machines made for the tests: a library in NVIDIA's place, trees in /sys's.
add_library(vf_nvml_standin MODULE ${CMAKE_CURRENT_LIST_DIR}/nvml.c)
target_link_libraries(vf_nvml_standin PRIVATE vf_flags)
vf_python_test(cli.probe fast probe/probe.py $<TARGET_FILE:vramfit_cli> $<TARGET_FILE:vf_nvml_standin>)
