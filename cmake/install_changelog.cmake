# Installs CHANGELOG.md in Debian's form. Its time is known only now, so it is made now.
include(${source_folder}/cmake/source_date.cmake)
set(changelog $ENV{DESTDIR}${CMAKE_INSTALL_PREFIX}/share/doc/lockstep/changelog.gz)
execute_process(
  COMMAND ${source_folder}/deploy/package/debian_changelog ${source_folder}/CHANGELOG.md
  COMMAND gzip -9n
  OUTPUT_FILE ${changelog} RESULTS_VARIABLE results)
if(NOT results STREQUAL "0;0")
  message(FATAL_ERROR "the changelog cannot be made")
endif()
file(CHMOD ${changelog} PERMISSIONS OWNER_READ OWNER_WRITE GROUP_READ WORLD_READ)
