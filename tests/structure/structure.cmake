# What must hold for the source as a whole; each check is one test.
find_program(VF_NM NAMES ${CMAKE_NM} nm)
find_program(VF_CXX NAMES ${CMAKE_CXX_COMPILER} c++ g++ clang++)
set(vf_structure_options --source ${PROJECT_SOURCE_DIR} --cc ${CMAKE_C_COMPILER} --cxx "${VF_CXX}" --nm "${VF_NM}")
foreach(check includes purity sizes banned headers version tracked)
  vf_python_test(structure.${check} fast structure/check.py ${check} ${vf_structure_options})
endforeach()
vf_python_test(structure.planted fast structure/planted.py ${vf_structure_options})
