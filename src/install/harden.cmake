# Flags against memory errors for ELF systems and macOS (tests/package checks what comes of them), each where it is known.
include(CheckCCompilerFlag)
include(CheckLinkerFlag)
include(CheckPIESupported)
check_pie_supported(LANGUAGES C)

foreach(flag -fstack-protector-strong -fstack-clash-protection -fcf-protection)
  string(MAKE_C_IDENTIFIER "VF_HAS${flag}" has)
  check_c_compiler_flag("${flag} -Werror" ${has})
  if(${has})
    target_compile_options(vf_flags INTERFACE ${flag})
  endif()
endforeach()
# Only an optimized build can be fortified; a distribution that fortifies by itself is left alone.
target_compile_options(vf_flags INTERFACE
  $<$<AND:$<CONFIG:Release,RelWithDebInfo,MinSizeRel>,$<C_COMPILER_ID:GNU,Clang,AppleClang>>:-U_FORTIFY_SOURCE;-D_FORTIFY_SOURCE=2>)
check_linker_flag(C "-Wl,-z,relro,-z,now" VF_HAS_RELRO_NOW)
if(VF_HAS_RELRO_NOW)
  target_link_options(vf_flags INTERFACE "LINKER:-z,relro,-z,now")
endif()
