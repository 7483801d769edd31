# Predicted against allocated (README.md), all rows: some seconds. With sanitizers a part of them.
if(VRAMFIT_SANITIZE)
  vf_python_test(accuracy fast accuracy/report.py $<TARGET_FILE:vramfit_cli> --every 5)
else()
  vf_python_test(accuracy fast accuracy/report.py $<TARGET_FILE:vramfit_cli>
    --check-readme ${PROJECT_SOURCE_DIR}/README.md)
endif()
set_tests_properties(accuracy PROPERTIES TIMEOUT 600)

# Published sizes of model files.
vf_python_test(accuracy.sizes fast accuracy/sizes.py $<TARGET_FILE:vramfit_cli>)

# Every runtime against loads that were measured.
vf_python_test(accuracy.measured fast accuracy/measured.py $<TARGET_FILE:vramfit_cli> --quiet)
