# The README's examples, run as written. (A sanitized library does not link without its flags.)
if(NOT VRAMFIT_SANITIZE)
  vf_python_test(readme fast readme/check.py --build ${PROJECT_BINARY_DIR} --cc ${CMAKE_C_COMPILER})
endif()
