# Flags of the preset `fuzz`, in the place of flags.cmake: clang's sanitizers, and the counters that steer libFuzzer.
# Neither warnings nor hardening, which the other presets see to with g++.
add_library(lockstep_flags INTERFACE)
set(fuzz_flags -fsanitize=fuzzer-no-link,address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer)
target_compile_options(lockstep_flags INTERFACE ${fuzz_flags})
target_compile_definitions(lockstep_flags INTERFACE _GLIBCXX_ASSERTIONS)
target_link_options(lockstep_flags INTERFACE ${fuzz_flags})
