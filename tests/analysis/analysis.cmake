# Static analysis (check.py), label analysis: minutes each.
foreach(tool gcc clang cppcheck)
  vf_python_test(analysis.${tool} analysis analysis/check.py ${tool} --source ${PROJECT_SOURCE_DIR})
  set_tests_properties(analysis.${tool} PROPERTIES TIMEOUT 1800)
endforeach()
