# lockstep_embed(TARGET NAME FILE...): compiles the files in as
#   const std::vector<std::pair<std::string_view name, std::string_view text>> lockstep::NAME()
# declared in the generated header NAME.h. Files are in the order of their names.
function(lockstep_embed target name)
  set(entries "")
  foreach(file IN LISTS ARGN)
    set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${file})
    file(READ ${file} text)
    get_filename_component(base ${file} NAME_WE)
    string(APPEND entries "      {\"${base}\", R\"~embed~(${text})~embed~\"},\n")
  endforeach()
  set(dir ${CMAKE_CURRENT_BINARY_DIR}/embedded)
  file(CONFIGURE OUTPUT ${dir}/${name}.h @ONLY CONTENT
"#pragma once
#include <string_view>
#include <utility>
#include <vector>

namespace lockstep {
const std::vector<std::pair<std::string_view, std::string_view>>& ${name}();
}
")
  file(CONFIGURE OUTPUT ${dir}/${name}.cc @ONLY CONTENT
"#include \"${name}.h\"

const std::vector<std::pair<std::string_view, std::string_view>>& lockstep::${name}() {
  static const std::vector<std::pair<std::string_view, std::string_view>> files = {
${entries}  };
  return files;
}
")
  target_sources(${target} PRIVATE ${dir}/${name}.cc)
  target_include_directories(${target} PUBLIC ${dir})
endfunction()
