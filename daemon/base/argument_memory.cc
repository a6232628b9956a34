#include "base/argument_memory.h"

#include <cstring>
#include <string_view>

namespace lockstep {
namespace {

constexpr std::string_view kOption = "--database-url";

void Overwrite(char* text) { std::memset(text, '*', std::strlen(text)); }

}  // namespace

void HideDatabaseUrl(int argc, char** argv) {
  for (int i = 1; i < argc; ++i) {
    const std::string_view argument = argv[i];
    if (argument == kOption && i + 1 < argc) Overwrite(argv[i + 1]);
    if (argument.starts_with(kOption) && argument.substr(kOption.size()).starts_with('=')) {
      Overwrite(argv[i] + kOption.size() + 1);
    }
  }
}

}  // namespace lockstep
