# What is installed, and the Debian package of it. `cpack -G DEB` in the build folder makes the package;
# deploy/package/README.md says what is in it. The paths outside of the prefix are Debian's.
set(doc share/doc/lockstep)

install(TARGETS lockstep lockstepd DESTINATION bin)
# As Debian's dh_strip does it; cmake's own stripping leaves the compiler's name.
install(CODE "
  if(CMAKE_INSTALL_DO_STRIP)
    foreach(program lockstep lockstepd)
      execute_process(COMMAND \"${CMAKE_STRIP}\" --remove-section=.comment --remove-section=.note
        \$ENV{DESTDIR}\${CMAKE_INSTALL_PREFIX}/bin/\${program} COMMAND_ERROR_IS_FATAL ANY)
    endforeach()
  endif()")

# Made by the program itself, so they know every command that it has.
set(completions "")
foreach(shell bash zsh fish)
  set(file ${PROJECT_BINARY_DIR}/completions/lockstep.${shell})
  add_custom_command(OUTPUT ${file} VERBATIM
    COMMAND ${CMAKE_COMMAND} -E make_directory ${PROJECT_BINARY_DIR}/completions
    COMMAND lockstep completion ${shell} > ${file}
    DEPENDS lockstep)
  list(APPEND completions ${file})
endforeach()
install(FILES ${PROJECT_BINARY_DIR}/completions/lockstep.bash
  DESTINATION share/bash-completion/completions RENAME lockstep)
install(FILES ${PROJECT_BINARY_DIR}/completions/lockstep.zsh
  DESTINATION share/zsh/vendor-completions RENAME _lockstep)
install(FILES ${PROJECT_BINARY_DIR}/completions/lockstep.fish
  DESTINATION share/fish/vendor_completions.d)

# Manual pages, compressed as Debian wants them: without a name and a time in it.
set(manuals "")
file(GLOB pages CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/docs/man/*.[1-8])
foreach(page ${pages})
  get_filename_component(name ${page} NAME)
  string(REGEX MATCH "[1-8]$" section ${name})
  set(file ${PROJECT_BINARY_DIR}/man/${name}.gz)
  add_custom_command(OUTPUT ${file} VERBATIM
    COMMAND ${CMAKE_COMMAND} -E make_directory ${PROJECT_BINARY_DIR}/man
    COMMAND gzip -9nc ${page} > ${file}
    DEPENDS ${page})
  list(APPEND manuals ${file})
  install(FILES ${file} DESTINATION share/man/man${section})
endforeach()
add_custom_target(installed_files ALL DEPENDS ${completions} ${manuals})

# systemd's files.
file(GLOB units CONFIGURE_DEPENDS
  ${PROJECT_SOURCE_DIR}/systemd/*.service ${PROJECT_SOURCE_DIR}/systemd/*.socket)
install(FILES ${units} DESTINATION /lib/systemd/system)
install(FILES ${PROJECT_SOURCE_DIR}/systemd/lockstep.sysusers DESTINATION lib/sysusers.d RENAME lockstep.conf)
install(FILES ${PROJECT_SOURCE_DIR}/systemd/lockstep.tmpfiles DESTINATION lib/tmpfiles.d RENAME lockstep.conf)
install(DIRECTORY DESTINATION /etc/lockstep)

# What an operator reads and copies.
file(GLOB dashboards CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/dashboards/*.json)
install(FILES ${dashboards} DESTINATION share/lockstep/dashboards)
file(GLOB rules CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/dashboards/*.rules.yaml)
install(FILES ${rules} DESTINATION share/lockstep)
file(GLOB documents CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/docs/*.md ${PROJECT_SOURCE_DIR}/docs/*.png)
install(FILES ${documents} DESTINATION ${doc})
file(GLOB runbooks CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/deploy/runbooks/*.md)
install(FILES ${runbooks} DESTINATION ${doc}/runbooks)
file(GLOB examples CONFIGURE_DEPENDS
  ${PROJECT_SOURCE_DIR}/deploy/package/examples/* ${PROJECT_SOURCE_DIR}/systemd/examples/*)
install(FILES ${examples} DESTINATION ${doc}/examples)
install(FILES ${PROJECT_SOURCE_DIR}/deploy/package/copyright DESTINATION ${doc})
install(FILES ${PROJECT_SOURCE_DIR}/deploy/package/lintian-overrides
  DESTINATION share/lintian/overrides RENAME lockstep)
install(CODE "set(source_folder \"${PROJECT_SOURCE_DIR}\")\nset(version \"${PROJECT_VERSION}\")")
install(SCRIPT ${PROJECT_SOURCE_DIR}/cmake/install_changelog.cmake)

set(CPACK_GENERATOR DEB)
set(CPACK_PACKAGE_NAME lockstep)
set(CPACK_PACKAGE_VENDOR "the Lockstep authors")
set(CPACK_PACKAGE_CONTACT "the Lockstep authors <lockstep@lists.lockstep-db.example>")
set(CPACK_PACKAGE_DESCRIPTION_SUMMARY "schema migrations for PostgreSQL where many replicas start at once")
file(READ ${PROJECT_SOURCE_DIR}/deploy/package/description CPACK_DEBIAN_PACKAGE_DESCRIPTION)
string(STRIP "${CPACK_DEBIAN_PACKAGE_DESCRIPTION}" CPACK_DEBIAN_PACKAGE_DESCRIPTION)
set(CPACK_PACKAGE_HOMEPAGE_URL "https://github.com/lockstep-db/lockstep")
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_PACKAGE_SECTION database)
set(CPACK_DEBIAN_PACKAGE_PRIORITY optional)
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS ON)
# ca-certificates verify servers of other machines. pg_dump makes the backups before a run; a server's
# programs are what `verify` and `sandbox` start.
set(CPACK_DEBIAN_PACKAGE_RECOMMENDS "ca-certificates, postgresql-client")
set(CPACK_DEBIAN_PACKAGE_SUGGESTS "postgresql, prometheus")
set(CPACK_DEBIAN_COMPRESSION_TYPE xz)
set(CPACK_STRIP_FILES ON)
# Not what the umask of the one who builds says.
set(CPACK_INSTALL_DEFAULT_DIRECTORY_PERMISSIONS
  OWNER_READ OWNER_WRITE OWNER_EXECUTE GROUP_READ GROUP_EXECUTE WORLD_READ WORLD_EXECUTE)
set(CMAKE_INSTALL_DEFAULT_DIRECTORY_PERMISSIONS ${CPACK_INSTALL_DEFAULT_DIRECTORY_PERMISSIONS})
set(scripts ${PROJECT_SOURCE_DIR}/deploy/package)
set(CPACK_DEBIAN_PACKAGE_CONTROL_EXTRA ${scripts}/postinst ${scripts}/prerm ${scripts}/postrm)
set(CPACK_DEBIAN_PACKAGE_CONTROL_STRICT_PERMISSION ON)
# They make the user and /run/lockstep. A host has systemd; a container gets the two programs alone.
set(CPACK_DEBIAN_PACKAGE_DEPENDS
  "systemd-standalone-sysusers | systemd, systemd-standalone-tmpfiles | systemd")
set(CPACK_PROJECT_CONFIG_FILE ${PROJECT_SOURCE_DIR}/cmake/source_date.cmake)
set(CPACK_PACKAGE_DIRECTORY ${PROJECT_BINARY_DIR})
include(CPack)
