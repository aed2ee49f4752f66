# The manual page, out of what the program says of itself.

# Text as roff shows it, line by line.
function(plimsoll_roff out text)
  string(REPLACE "\\" "\\e" text "${text}")
  string(REPLACE "-" "\\-" text "${text}")
  string(REGEX REPLACE "(^|\n)([.'])" "\\1\\\\&\\2" text "${text}")
  set(${out} "${text}" PARENT_SCOPE)
endfunction()

function(plimsoll_help out program)
  execute_process(COMMAND "${CMAKE_COMMAND}" -E env --unset=PLIMSOLL_CONFIG
    "${program}" ${ARGN} --help OUTPUT_VARIABLE help RESULT_VARIABLE code)
  if(NOT code EQUAL 0)
    message(FATAL_ERROR "${program} ${ARGN} --help: ${code}")
  endif()
  string(STRIP "${help}" help)
  set(${out} "${help}" PARENT_SCOPE)
endfunction()

# Writes the page of `program` to `file`.
function(plimsoll_man program file version)
  plimsoll_help(help "${program}")
  string(REGEX MATCHALL "\n  [a-z][a-z-]+ " names "${help}")
  string(REGEX REPLACE ".*\n\n(`plimsoll COMMAND.*)\n(Exit codes: .*)$" "\\1" about "${help}")
  set(codes "${CMAKE_MATCH_2}")
  plimsoll_roff(about "${about}")
  plimsoll_roff(codes "${codes}")
  set(page ".TH PLIMSOLL 1 \"\" \"plimsoll ${version}\" \"Plimsoll\"
.SH NAME
plimsoll \\- how far the price may fall, for every loan on the lending protocols it watches
.SH SYNOPSIS
.B plimsoll
.I COMMAND
[\\fIOPTIONS\\fR]
.SH DESCRIPTION
${about}
.SH COMMANDS
")
  foreach(name IN LISTS names)
    string(STRIP "${name}" name)
    plimsoll_help(text "${program}" ${name})
    plimsoll_roff(text "${text}")
    plimsoll_roff(shown "${name}")
    string(APPEND page ".SS ${shown}\n.nf\n${text}\n.fi\n")
  endforeach()
  string(APPEND page ".SH EXIT STATUS
${codes}
.SH FILES
.TP
.I /etc/plimsoll/plimsoll.toml
The configuration.
.TP
.I /var/lib/plimsoll
The state: store, alerts, snapshots.
.SH SEE ALSO
The documents in share/doc/plimsoll: operations.md, commands.md and configuration.md.
")
  file(WRITE "${file}" "${page}")
endfunction()
