# poft-eval on worked examples and on what it must refuse.
file(REMOVE_RECURSE ${FOLDER})

function(run)
  execute_process(COMMAND ${PROGRAM} ${ARGN} WORKING_DIRECTORY ${FOLDER} RESULT_VARIABLE code OUTPUT_VARIABLE printed
                  ERROR_VARIABLE said)
  set(code ${code} PARENT_SCOPE)
  set(printed "${printed}" PARENT_SCOPE)
  set(said "${said}" PARENT_SCOPE)
endfunction()

# PATTERN is a regular expression for all of stdout.
function(expect_output pattern)
  run(${ARGN})
  if(NOT code EQUAL 0 OR NOT printed MATCHES "^${pattern}$")
    message(FATAL_ERROR "poft-eval ${ARGN}: exit ${code}, printed\n${printed}${said}\nexpected ${pattern}")
  endif()
  set(said "${said}" PARENT_SCOPE)
endfunction()

function(expect_refusal sentence)
  run(${ARGN})
  if(NOT code EQUAL 2 OR NOT printed STREQUAL "" OR NOT said STREQUAL "poft-eval: ${sentence}\n")
    message(FATAL_ERROR "poft-eval ${ARGN}: exit ${code}, printed '${printed}', said\n${said}\nexpected exit 2 and\n${sentence}")
  endif()
endfunction()

# DPO, beta 0.1: h = (-3 + 2) - (-1 + 2) = -2, loss = log(1 + e^0.2) = 0.798138869..., d_chosen = -0.1 sigmoid(0.2)
# = -0.1 / (1 + e^-0.2) = -0.0549833997...; the second pair has h = 0: log 2 and -0.05.
file(WRITE ${FOLDER}/pairs.csv "id,chosen,rejected,reference_chosen,reference_rejected\na,-3,-1,-2,-2\nb,-1,-2,-1,-2\n")
set(dpo "loss,d_chosen,d_rejected
0\\.798138869[0-9]*,-0\\.0549833[0-9]*,0\\.0549833[0-9]*
0\\.6931471805599[0-9]*,-0\\.05[0-9]*,0\\.05[0-9]*
")
expect_output("${dpo}" dpo pairs.csv --beta 0.1)
# (0.798138869 + 0.693147181) / 2
if(NOT said MATCHES "^mean loss 0\\.74564302")
  message(FATAL_ERROR "poft-eval says '${said}', expected a mean loss of 0.74564302...")
endif()
expect_output("" dpo pairs.csv --output losses.csv)
file(READ ${FOLDER}/losses.csv written)
if(NOT written MATCHES "^${dpo}$")
  message(FATAL_ERROR "poft-eval --output wrote\n${written}")
endif()

# Windows line ends, blanks, an empty line, no line end at the end.
file(WRITE ${FOLDER}/blanks.csv "chosen , rejected,reference_chosen,reference_rejected\r\n-3, -1,-2 ,+-2\r\n")
expect_refusal("blanks.csv line 2, column reference_rejected: '+-2' is not a number" dpo blanks.csv)
file(WRITE ${FOLDER}/blanks.csv "chosen , rejected,reference_chosen,reference_rejected\r\n-3, -1,-2 ,-2\r\n\r\n-1,-2,-1,-2")
expect_output("${dpo}" dpo blanks.csv)

# Plackett-Luce with two items, the second one first: softplus(1 - 2) = log(1 + e^-1) = 0.31326168..., and the gradient of the
# winner is -sigmoid(-1) = -0.26894142...; the list of three with equal scores: log 3 + log 2 = log 6 = 1.79175946...
file(WRITE ${FOLDER}/lists.csv "list,score,reference,ranking\nx,1,0,1\nx,2,0,0\ny,4,1,2\ny,4,1,0\ny,4,1,1\n")
set(pl "loss,d_score
0\\.31326168[0-9]*,0\\.26894142[0-9]*
0\\.31326168[0-9]*,-0\\.26894142[0-9]*
1\\.79175946[0-9]*,-0\\.1666[0-9]*
1\\.79175946[0-9]*,0\\.8333[0-9]*
1\\.79175946[0-9]*,-0\\.6666[0-9]*
")
expect_output("${pl}" plackett_luce lists.csv)

run(--list)
foreach(line IN ITEMS "dpo\n  gradient of  chosen, rejected\n  given        reference_chosen, reference_rejected\n  --beta 0.1\n"
                      "plackett_luce\n  gradient of  score\n")
  string(FIND "${printed}" "${line}" at)
  if(NOT code EQUAL 0 OR at EQUAL -1)
    message(FATAL_ERROR "poft-eval --list does not show\n${line}")
  endif()
endforeach()
run(--help)
if(NOT code EQUAL 0 OR NOT printed MATCHES "--label_smoothing")
  message(FATAL_ERROR "poft-eval --help: exit ${code}\n${printed}")
endif()

run(dop pairs.csv)
if(NOT code EQUAL 2 OR NOT said MATCHES "^poft-eval: objective: there is none named 'dop'; expected one of nll, .*, dpo, ")
  message(FATAL_ERROR "poft-eval dop: exit ${code}\n${said}")
endif()
expect_refusal("dpo has no parameter 'gamma'; it has beta" dpo pairs.csv --gamma 1)
expect_refusal("dpo: beta must be > 0" dpo pairs.csv --beta -1)
expect_refusal("--beta: 'x' is not a number" dpo pairs.csv --beta x)
expect_refusal("plackett_luce: top_k is 1.5, expected a whole number" plackett_luce lists.csv --top_k 1.5)
expect_refusal("pairs.csv has no column 'chosen_tokens', which simpo needs; it has id, chosen, rejected, reference_chosen, reference_rejected"
               simpo pairs.csv)
expect_refusal("cannot open 'missing.csv', expected a readable CSV file" dpo missing.csv)
expect_refusal("expected OBJECTIVE FILE.csv, or --list; poft-eval --help says more")
run(dpo pairs.csv --no_such_option 1)
if(NOT code EQUAL 2)
  message(FATAL_ERROR "poft-eval takes --no_such_option: exit ${code}")
endif()

set(header "chosen,rejected,reference_chosen,reference_rejected\n")
file(WRITE ${FOLDER}/word.csv "${header}-3,-1,-2,-2\n-3,oops,-2,-2\n")
expect_refusal("word.csv line 3, column rejected: 'oops' is not a number" dpo word.csv --output half.csv)
file(WRITE ${FOLDER}/nan.csv "${header}-3,-1,nan,-2\n")
expect_refusal("nan.csv line 2, column reference_chosen: 'nan' is not a number" dpo nan.csv --output half.csv)
file(WRITE ${FOLDER}/short.csv "${header}-3,-1,-2\n")
expect_refusal("short.csv line 2 has 3 fields, the header has 4" dpo short.csv --output half.csv)
file(WRITE ${FOLDER}/header.csv "${header}")
expect_refusal("header.csv has a header but no rows" dpo header.csv)
file(WRITE ${FOLDER}/empty.csv "")
expect_refusal("empty.csv is empty, expected a header line" dpo empty.csv)
file(WRITE ${FOLDER}/twice.csv "chosen,chosen\n1,1\n")
expect_refusal("twice.csv has two columns 'chosen'" dpo twice.csv)
file(WRITE ${FOLDER}/tokens.csv "chosen,rejected,chosen_tokens,rejected_tokens\n-3,-1,0,2\n")
expect_refusal("simpo: chosen_tokens[0] is 0, expected a token count > 0" simpo tokens.csv)
file(WRITE ${FOLDER}/places.csv "list,score,reference,ranking\nx,1,0,1\nx,2,0,1\n")
expect_refusal("plackett_luce: ranking[1] is 1, expected each of 0 .. 1 once in its list" plackett_luce places.csv)
expect_refusal("write: cannot write \"missing/losses.csv\", expected a writable folder with room (No such file or directory)"
               dpo pairs.csv --output missing/losses.csv)
if(EXISTS ${FOLDER}/half.csv OR EXISTS ${FOLDER}/half.csv.part)
  message(FATAL_ERROR "poft-eval left a file behind although it refused its input")
endif()
