# Predicted against allocated (README.md). The fast one takes a part of the rows.
vf_python_test(accuracy.sample fast accuracy/report.py $<TARGET_FILE:vramfit_cli> --every 7)
vf_python_test(accuracy.all full accuracy/report.py $<TARGET_FILE:vramfit_cli>
  --check-readme ${PROJECT_SOURCE_DIR}/README.md)
set_tests_properties(accuracy.sample accuracy.all PROPERTIES TIMEOUT 900)
