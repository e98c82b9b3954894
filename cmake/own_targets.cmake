# How our own programs are compiled. Nothing here reaches a user of poft::poft.
if(NOT CMAKE_BUILD_TYPE AND NOT CMAKE_CONFIGURATION_TYPES)
  set(CMAKE_BUILD_TYPE Release CACHE STRING "Debug, Release, RelWithDebInfo or MinSizeRel" FORCE)
endif()
if(NOT TARGET poft::eigen)
  message(STATUS "poft: Eigen >= 3.4 not found, everything above level 0 is left out")
elseif(NOT TARGET OpenMP::OpenMP_CXX)
  message(STATUS "poft: OpenMP not found, programs use one thread")
endif()
find_program(ccache_program ccache)
mark_as_advanced(ccache_program)
if(ccache_program AND NOT CMAKE_CXX_COMPILER_LAUNCHER)
  # As ccache wants it for precompiled headers, those of the tests.
  set(CMAKE_CXX_COMPILER_LAUNCHER ${CMAKE_COMMAND} -E env CCACHE_SLOPPINESS=pch_defines,time_macros,include_file_mtime
      ${ccache_program})
  set(CMAKE_CUDA_COMPILER_LAUNCHER ${ccache_program})
endif()
set(CMAKE_CXX_EXTENSIONS OFF)
# g++ looks for garbage only from a gigabyte on, not from 128 MB: a tenth less time for a quarter more memory.
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
  add_compile_options($<$<COMPILE_LANGUAGE:CXX>:--param=ggc-min-heapsize=1000000>
                      $<$<COMPILE_LANGUAGE:CUDA>:-Xcompiler=--param=ggc-min-heapsize=1000000>)
endif()

add_library(poft_warnings INTERFACE)
target_compile_options(poft_warnings INTERFACE -Wall -Wextra)

# Tests keep their assertions, and Eigen's, in every build type; they are compiled more often than run.
add_library(poft_test_flags INTERFACE)
target_compile_options(poft_test_flags INTERFACE -UNDEBUG $<$<CXX_COMPILER_ID:GNU>:-fpch-preprocess>)

# g++ 12 finds false errors in its own strings (GCC bugs 105329, 105651), more of them with precompiled headers.
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU" AND CMAKE_CXX_COMPILER_VERSION VERSION_LESS 13)
  target_compile_options(poft_test_flags INTERFACE -Wno-array-bounds -Wno-restrict)
endif()

# g++ 12 takes the undefined operands inside its own AVX-512 intrinsics for ours (GCC bug 105593).
add_library(poft_march INTERFACE)
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU" AND CMAKE_CXX_COMPILER_VERSION VERSION_LESS 13)
  target_compile_options(poft_march INTERFACE -Wno-uninitialized -Wno-maybe-uninitialized)
endif()
if(POFT_MARCH)
  target_compile_options(poft_march INTERFACE -march=${POFT_MARCH})
endif()

# A source needs Eigen when it includes a backend, something above one, or Eigen itself.
function(poft_needs_eigen result)
  set(found FALSE)
  foreach(source IN LISTS ARGN)
    file(STRINGS ${source} lines LIMIT_COUNT 1
         REGEX "^[ \t]*#[ \t]*include[ \t]*[\"<](poft/(backend|batch|head|model|bandit)/|Eigen/)")
    if(lines)
      set(found TRUE)
    endif()
  endforeach()
  set(${result} ${found} PARENT_SCOPE)
endfunction()

# Adds a program that links poft::poft, or poft::eigen with -march where a source needs it; leaves it out
# where Eigen is missing.
function(poft_add_program name)
  poft_needs_eigen(eigen ${ARGN})
  if(eigen AND NOT TARGET poft::eigen)
    return()
  endif()
  add_executable(${name} ${ARGN})
  target_link_libraries(${name} PRIVATE poft_warnings poft::poft)
  if(eigen)
    target_link_libraries(${name} PRIVATE poft_march poft::eigen)
  endif()
endfunction()
