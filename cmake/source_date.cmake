# The time that everything in the package bears: SOURCE_DATE_EPOCH, else that of the last commit, so that two
# packages of one commit are byte-equal.
if("$ENV{SOURCE_DATE_EPOCH}" STREQUAL "")
  get_filename_component(top ${CMAKE_CURRENT_LIST_DIR} DIRECTORY)
  execute_process(COMMAND git -C ${top} log -1 --format=%ct
    OUTPUT_VARIABLE epoch OUTPUT_STRIP_TRAILING_WHITESPACE ERROR_VARIABLE error RESULT_VARIABLE failed)
  if(failed OR NOT epoch MATCHES "^[0-9]+$")
    message(FATAL_ERROR "git cannot tell the time of the last commit; set SOURCE_DATE_EPOCH to it, in seconds: ${error}")
  endif()
  set(ENV{SOURCE_DATE_EPOCH} ${epoch})
endif()
