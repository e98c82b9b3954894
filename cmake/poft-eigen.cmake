# poft::eigen = poft::poft + Eigen + OpenMP where the compiler has it. Read by our build tree and by the
# installed package alike.
find_package(Eigen3 3.4 QUIET GLOBAL NO_MODULE)
find_package(OpenMP QUIET GLOBAL COMPONENTS CXX)

if(TARGET Eigen3::Eigen AND NOT TARGET poft::eigen)
  add_library(poft::eigen INTERFACE IMPORTED GLOBAL)
  target_link_libraries(poft::eigen INTERFACE poft::poft Eigen3::Eigen)
  if(TARGET OpenMP::OpenMP_CXX)
    target_link_libraries(poft::eigen INTERFACE OpenMP::OpenMP_CXX)
  endif()
endif()
