# Every scalar and objective header stays below 20 000 lines of preprocessed code (blank lines and markers not
# counted): the part of its compile time that no machine's mood changes. <cmath> alone is 16 000; <vector>,
# <string> or <algorithm> break it.
set(budget 20000)
file(GLOB headers RELATIVE ${ROOT}/include
     ${ROOT}/include/poft/objective/*.hpp ${ROOT}/include/poft/scalar/*.hpp)
set(over "")
foreach(header IN LISTS headers)
  execute_process(COMMAND ${COMPILER} -std=c++20 -E -P -w -x c++ -I ${ROOT}/include ${ROOT}/include/${header}
                  COMMAND wc -l
                  OUTPUT_VARIABLE lines RESULTS_VARIABLE results ERROR_VARIABLE errors)
  if(NOT results STREQUAL "0;0")
    message(FATAL_ERROR "${header} does not preprocess:\n${errors}")
  endif()
  string(STRIP ${lines} lines)
  if(lines GREATER budget)
    string(APPEND over "  ${header}: ${lines} lines\n")
  endif()
endforeach()
if(over)
  message(FATAL_ERROR "more than ${budget} lines of preprocessed code:\n${over}")
endif()
