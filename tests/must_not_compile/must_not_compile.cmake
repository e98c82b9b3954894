# Passes when COMPILER refuses SOURCE with a message that matches its first line, // expect: REGEX.
file(STRINGS ${SOURCE} first LIMIT_COUNT 1)
if(NOT first MATCHES "^// expect: (.+)$")
  message(FATAL_ERROR "${SOURCE}: the first line must be '// expect: REGEX'")
endif()
set(expected "${CMAKE_MATCH_1}")
list(TRANSFORM FOLDERS PREPEND -I)
set(ENV{LC_ALL} C)  # plain quotes in messages
execute_process(COMMAND ${COMPILER} -std=c++20 -fsyntax-only ${FOLDERS} ${SOURCE}
                RESULT_VARIABLE result OUTPUT_VARIABLE output ERROR_VARIABLE output)
if(result EQUAL 0)
  message(FATAL_ERROR "${SOURCE} compiles")
endif()
if(NOT output MATCHES "${expected}")
  message(FATAL_ERROR "${SOURCE} is refused, but not with ${expected}\n${output}")
endif()
