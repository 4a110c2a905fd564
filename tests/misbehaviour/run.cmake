# Runs COMMAND_LINE, a |-separated list, and checks its exit status against STATUS and its standard error against REPORT, a
# regular expression.
string(REPLACE "|" ";" command "${COMMAND_LINE}")
execute_process(COMMAND ${command} RESULT_VARIABLE status OUTPUT_VARIABLE output ERROR_VARIABLE errors)
if(NOT status STREQUAL "${STATUS}")
  message(FATAL_ERROR "exit status ${status} instead of ${STATUS}\n${output}${errors}")
endif()
if(REPORT AND NOT errors MATCHES "${REPORT}")
  message(FATAL_ERROR "standard error does not match\n${REPORT}\n\n${errors}")
endif()
