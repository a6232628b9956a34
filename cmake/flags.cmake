# Flags for our own code; third-party headers are SYSTEM and stay out of the warnings.
# The hardening set is the one that Debian's hardening wiki and the OpenSSF compiler guide agree on
# for g++ 12 on amd64.
add_library(lockstep_flags INTERFACE)

target_compile_options(lockstep_flags INTERFACE
  -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wno-sign-conversion -Wnon-virtual-dtor
  -Woverloaded-virtual -Wcast-align -Wold-style-cast -Wnull-dereference -Wformat=2 -Werror
  # A designated initializer leaves out what has a default, on purpose.
  -Wno-missing-field-initializers
  -fstack-protector-strong -fstack-clash-protection -fcf-protection=full
  -ftrivial-auto-var-init=zero
  # Paths of the machine that builds must not reach the binary: two builds are byte-equal.
  -ffile-prefix-map=${PROJECT_SOURCE_DIR}=.)
# g++ 12 reports impossible null dereferences and copies inside its own headers at -O2 and up.
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
  target_compile_options(lockstep_flags INTERFACE -Wno-null-dereference -Wno-restrict)
endif()
target_compile_definitions(lockstep_flags INTERFACE _GLIBCXX_ASSERTIONS)

if(LOCKSTEP_SANITIZE)
  target_compile_options(lockstep_flags INTERFACE
    -fsanitize=${LOCKSTEP_SANITIZE} -fno-sanitize-recover=all -fno-omit-frame-pointer
    # Instrumented code confuses this warning, says g++'s own manual.
    -Wno-maybe-uninitialized -Wno-uninitialized)
  target_link_options(lockstep_flags INTERFACE -fsanitize=${LOCKSTEP_SANITIZE})
  if(LOCKSTEP_SANITIZE MATCHES "thread")
    # ThreadSanitizer does not know fences; Asio's are beside its mutexes, which it does know.
    target_compile_definitions(lockstep_flags INTERFACE BOOST_ASIO_DISABLE_FENCED_BLOCK)
  endif()
else()
  # _FORTIFY_SOURCE needs optimisation and does not go together with the sanitizers.
  target_compile_options(lockstep_flags INTERFACE
    $<$<NOT:$<CONFIG:Debug>>:-U_FORTIFY_SOURCE> $<$<NOT:$<CONFIG:Debug>>:-D_FORTIFY_SOURCE=3>)
endif()
# -Wformat=2 and -Werror make it an error anyway; blhc, which reads the release build's commands, wants it said.
target_compile_options(lockstep_flags INTERFACE $<$<NOT:$<CONFIG:Debug>>:-Werror=format-security>)
target_link_options(lockstep_flags INTERFACE
  -Wl,-z,relro -Wl,-z,now -Wl,-z,noexecstack -Wl,--as-needed)

if(LOCKSTEP_FAIL_POINTS)
  target_compile_definitions(lockstep_flags INTERFACE LOCKSTEP_FAIL_POINTS)
endif()
