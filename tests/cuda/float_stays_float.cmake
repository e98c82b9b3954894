# Compiles SOURCE to PTX with -std=c++20 and refuses any float64 arithmetic in it (converting a double
# parameter once is allowed).
set(ptx ${GENERATED}/objective_kernel.ptx)
execute_process(COMMAND ${NVCC} -std=c++20 -ccbin ${HOST} -I ${INCLUDE} -I ${GENERATED} -ptx -o ${ptx}
                        ${SOURCE}
                RESULT_VARIABLE result OUTPUT_VARIABLE output ERROR_VARIABLE output)
if(result OR output MATCHES "warning")
  message(FATAL_ERROR "nvcc -std=c++20:\n${output}")
endif()
set(operations abs add copysign cos div ex2 fma lg2 mad max min mul neg rcp rsqrt selp set setp sin sqrt sub)
list(JOIN operations "|" operations)
file(STRINGS ${ptx} float64 REGEX "^[ \t]*(@!?%p[0-9]+ )?(${operations})\\.([a-z0-9]+\\.)*f64")
if(float64)
  list(JOIN float64 "\n" float64)
  message(FATAL_ERROR "float64 arithmetic in a float kernel:\n${float64}")
endif()
file(STRINGS ${ptx} kernels REGEX "^[ \t]*(\\.visible )?\\.entry")
if(NOT kernels)
  message(FATAL_ERROR "the PTX has no kernel, so nothing was tested")
endif()
