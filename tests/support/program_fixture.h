// A folder of migrations on disk, a database, and real `lockstep` processes on the two.
#pragma once

#include <gtest/gtest.h>
#include <stdlib.h>

#include <filesystem>
#include <fstream>
#include <memory>
#include <string>
#include <vector>

#include "support/program.h"
#include "support/test_database.h"

namespace lockstep {

// Thread: the test's.
class ProgramFixture {
 public:
  ProgramFixture() {
    std::string name = (std::filesystem::temp_directory_path() / "lockstep-test-XXXXXX").string();
    if (mkdtemp(name.data()) == nullptr) throw std::runtime_error("no temporary folder");
    folder_ = name;
  }
  ~ProgramFixture() { std::filesystem::remove_all(folder_); }
  ProgramFixture(const ProgramFixture&) = delete;
  ProgramFixture& operator=(const ProgramFixture&) = delete;

  // A pair with the file name's revision.
  void Add(const std::string& stem, const std::string& up) const {
    Write(stem + ".up.sql", up);
    Write(stem + ".down.sql", "select 1;\n");
  }

  // The text of lockstep.toml.
  void Configure(const std::string& settings) const { Write("lockstep.toml", settings); }

  std::unique_ptr<Program> Start(const std::vector<std::string>& arguments,
                                 const Program::Environment& more = {}) const {
    Program::Environment environment = {{"DATABASE_URL", ToConnectionString(url)},
                                        {"LOCKSTEP_DIR", folder_.string()}};
    const auto settings = folder_ / "lockstep.toml";
    if (std::filesystem::exists(settings)) environment["LOCKSTEP_CONFIG"] = settings.string();
    environment.insert(more.begin(), more.end());
    return std::make_unique<Program>(arguments, environment);
  }
  ProgramEnd Run(const std::vector<std::string>& arguments,
                 const Program::Environment& more = {}) const {
    return Start(arguments, more)->Wait();
  }

  // "0001 0002": every change that the history holds, in its order.
  std::string History() const {
    return database.Value(
        "select string_agg(revision, ' ' order by sequence) from lockstep.history");
  }

  TestDatabase database;
  ConnectionUrl url = database.url();  // of the processes; a test may put a proxy's here

 private:
  void Write(const std::string& name, const std::string& text) const {
    std::ofstream(folder_ / name, std::ios::binary) << text;
  }

  std::filesystem::path folder_;
};

}  // namespace lockstep
