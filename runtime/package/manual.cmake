# Writes OUTPUT, the manual page PAGE(1), of what PROGRAM --help says: its lines as they are, options in bold.
cmake_policy(VERSION 3.25)
execute_process(COMMAND ${PROGRAM} --help RESULT_VARIABLE status OUTPUT_VARIABLE help ERROR_VARIABLE problem)
if(NOT status EQUAL 0 OR NOT help MATCHES "--[a-z]")
  message(FATAL_ERROR "${PROGRAM} --help: status ${status}, and no manual page can be made of this:\n${help}${problem}")
endif()
list(GET PROGRAM -1 path) # no page names where the program was made
get_filename_component(name ${path} NAME)
string(REPLACE "${path}" "${name}" help "${help}")
string(REPLACE "\\" "\\e" help "${help}")
string(REPLACE "'" "\\(aq" help "${help}")
string(REPLACE "-" "\\-" help "${help}")
string(REPLACE "…" "..." help "${help}")
string(REGEX REPLACE "(^|\n)\\." "\\1\\\\&." help "${help}")
string(REGEX REPLACE "(^|[\n ])(\\\\-[^\n ,]+)" "\\1\\\\fB\\2\\\\fR" help "${help}")
string(REPLACE "'" "\\(aq" summary "${SUMMARY}")
string(TOUPPER ${PAGE} title)
file(WRITE ${OUTPUT} ".TH ${title} 1 \"\" \"weir ${VERSION}\"
.SH NAME
${PAGE} \\- ${summary}
.SH DESCRIPTION
.nf
${help}.fi
")
