# Everything comes from the distribution's packages (README.md lists them).
find_package(Threads REQUIRED)
# What is written in C++ goes into the programs where that is asked for: to find and relocate those libraries is
# a third of the time that a command takes which has nothing to do.
option(LOCKSTEP_STATIC_LIBRARIES "link the C++ libraries statically" OFF)
set(Boost_USE_STATIC_LIBS ${LOCKSTEP_STATIC_LIBRARIES})
find_package(Boost 1.81 REQUIRED COMPONENTS json)
find_package(PkgConfig REQUIRED)
find_package(OpenSSL REQUIRED)
find_package(fmt REQUIRED)
find_package(spdlog REQUIRED)
find_package(CLI11 REQUIRED)
pkg_check_modules(PQXX REQUIRED IMPORTED_TARGET libpqxx)
pkg_check_modules(PQ REQUIRED IMPORTED_TARGET libpq)
# Only its core: the HTTP server is ours.
pkg_check_modules(PROMETHEUS REQUIRED IMPORTED_TARGET prometheus-cpp-core)
pkg_check_modules(SYSTEMD REQUIRED IMPORTED_TARGET libsystemd)
pkg_check_modules(TOMLPLUSPLUS REQUIRED IMPORTED_TARGET tomlplusplus)
if(LOCKSTEP_STATIC_LIBRARIES)
  find_library(PQXX_LIBRARY NAMES libpqxx.a REQUIRED)
  set_target_properties(PkgConfig::PQXX PROPERTIES INTERFACE_LINK_LIBRARIES "${PQXX_LIBRARY};PkgConfig::PQ")
  # Debian has these two as shared libraries and as headers.
  add_library(lockstep_fmt ALIAS fmt::fmt-header-only)
  set_target_properties(PkgConfig::TOMLPLUSPLUS PROPERTIES INTERFACE_COMPILE_OPTIONS "" INTERFACE_LINK_LIBRARIES "")
else()
  add_library(lockstep_fmt ALIAS fmt::fmt)
endif()

# PostgreSQL's own grammar. The static library: the shared one has no stable soname.
find_library(PG_QUERY_LIBRARY NAMES libpg_query.a REQUIRED)
add_library(pg_query STATIC IMPORTED)
set_target_properties(pg_query PROPERTIES IMPORTED_LOCATION ${PG_QUERY_LIBRARY})
