# poft::eigen = poft::poft + Eigen + OpenMP where the compiler has it. With POFT_BLAS, also poft::eigen_blas, the same with
# matrix products by the BLAS that CMake finds (BLA_VENDOR chooses), through Eigen's own switch. Read by our build tree and
# by the installed package alike.
find_package(Eigen3 3.4 QUIET GLOBAL NO_MODULE)
find_package(OpenMP QUIET GLOBAL COMPONENTS CXX)

if(TARGET Eigen3::Eigen AND NOT TARGET poft::eigen)
  add_library(poft::eigen INTERFACE IMPORTED GLOBAL)
  target_link_libraries(poft::eigen INTERFACE poft::poft Eigen3::Eigen)
  if(TARGET OpenMP::OpenMP_CXX)
    target_link_libraries(poft::eigen INTERFACE OpenMP::OpenMP_CXX)
  endif()
endif()

if(POFT_BLAS AND TARGET poft::eigen AND NOT TARGET poft::eigen_blas)
  find_package(BLAS QUIET GLOBAL)
  if(TARGET BLAS::BLAS)
    add_library(poft::eigen_blas INTERFACE IMPORTED GLOBAL)
    target_link_libraries(poft::eigen_blas INTERFACE poft::eigen BLAS::BLAS)
    target_compile_definitions(poft::eigen_blas INTERFACE EIGEN_USE_BLAS)
  endif()
endif()
