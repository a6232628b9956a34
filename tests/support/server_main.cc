// Starts and stops the one private server of a ctest run:
//   test_server start FILE    writes its URL and its directory to FILE, a line each
//   test_server stop FILE
#include <sys/stat.h>

#include <cstdio>
#include <cstdlib>
#include <exception>
#include <fstream>
#include <stdexcept>
#include <string>
#include <string_view>

#include "postgres/sandbox.h"

namespace lockstep {
namespace {

// Also the one that an aborted run has left.
void Stop(const std::string& path) {
  std::ifstream file(path);
  std::string url, directory;
  std::getline(file, url);
  std::getline(file, directory);
  if (!directory.empty()) StopSandbox(directory);
  std::remove(path.c_str());
}

void Start(const std::string& path) {
  Stop(path);
  if (std::getenv("LOCKSTEP_TEST_URL") != nullptr) return;
  const Sandbox sandbox({.directory = {}, .bin_dir = {}, .detach = true});
  ::umask(077);
  std::ofstream file(path);
  file << sandbox.url_text() << '\n' << sandbox.directory() << '\n';
  if (file.flush()) return;
  StopSandbox(sandbox.directory());
  throw std::runtime_error("'" + path + "' cannot be written");
}

}  // namespace
}  // namespace lockstep

int main(int count, char** arguments) {
  const std::string_view verb = count == 3 ? arguments[1] : "";
  if (verb != "start" && verb != "stop") {
    std::fputs("usage: test_server start|stop FILE\n", stderr);
    return 2;
  }
  try {
    verb == "start" ? lockstep::Start(arguments[2]) : lockstep::Stop(arguments[2]);
    return 0;
  } catch (const std::exception& error) {
    std::fprintf(stderr, "test_server: %s\n", error.what());
    return 1;
  }
}
