// Prints the status page of a sample, for the test in a browser: a file with {"status": the
// document of /api/v1/status, "histories": [...]}; with --policy the header that belongs to it.
#include <cstdlib>
#include <fstream>
#include <iostream>
#include <sstream>

#include "agent/status_page.h"

int main(int argc, char** argv) {
  using namespace lockstep;
  const std::string argument = argc == 2 ? argv[1] : "";
  if (argument == "--policy") {
    std::cout << StatusPagePolicy() << "\n";
    return EXIT_SUCCESS;
  }
  std::ifstream file(argument);
  if (!file) {
    std::cerr << "usage: status_page_sample FILE | --policy\n";
    return 2;
  }
  std::stringstream text;
  text << file.rdbuf();
  const json::value sample = json::parse(text.str());
  std::cout << StatusPage(sample.at("status").as_object(), sample.at("histories").as_array());
  return EXIT_SUCCESS;
}
