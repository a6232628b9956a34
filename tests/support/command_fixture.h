// A folder on disk and a way to run commands in this process, for tests of commands.
#pragma once

#include <gtest/gtest.h>
#include <stdlib.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include "base/clock.h"
#include "commands/command.h"

namespace lockstep {

// A clock whose sleeps end at once, later. The hook runs in the middle of each.
// Thread: the test's.
class JumpingClock : public Clock {
 public:
  SteadyTime Now() const override { return now_; }
  WallTime WallNow() const override { return WallTime(now_.time_since_epoch()); }
  bool SleepUntil(SteadyTime until, std::stop_token stop) override {
    now_ = until;
    if (on_sleep) on_sleep();
    return !stop.stop_requested();
  }

  std::function<void()> on_sleep;

 private:
  SteadyTime now_{std::chrono::hours(1)};
};

// Remembers what was said.
class ListeningObserver : public RunObserver {
 public:
  void OnMessage(const std::string& message) override { messages.push_back(message); }
  std::vector<std::string> messages;
};

class CommandFixture : public ::testing::Test {
 protected:
  CommandFixture() {
    std::string name = (std::filesystem::temp_directory_path() / "lockstep-test-XXXXXX").string();
    if (mkdtemp(name.data()) == nullptr) throw std::runtime_error("no temporary folder");
    root_ = name;
    settings_.folder = (root_ / "migrations").string();
    std::filesystem::create_directory(settings_.folder);
  }
  ~CommandFixture() override { std::filesystem::remove_all(root_); }

  void Write(const std::string& name, const std::string& text) {
    std::ofstream(std::filesystem::path(settings_.folder) / name, std::ios::binary) << text;
  }
  void WritePair(const std::string& stem, const std::string& header,
                 const std::string& up = "select 1;", const std::string& down = "select 2;") {
    Write(stem + ".up.sql", header + "\n" + up + "\n");
    Write(stem + ".down.sql", down + "\n");
  }
  // a <- b, tables of the same names.
  void WriteTwo() {
    WritePair("a", "-- description: first\n", "create table a (id int);", "drop table a;");
    WritePair("b", "-- description: second\n", "create table b (id int);", "drop table b;");
  }
  static std::string ReadAll(const std::filesystem::path& path) {
    std::ifstream file(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(file), {}};
  }

  CommandAnswer Run(const std::string& command, const std::vector<std::string>& arguments = {},
                    const std::map<std::string, std::string, std::less<>>& flags = {}) {
    const Command* found = FindCommand(command);
    if (found == nullptr) throw std::runtime_error("no command " + command);
    const CommandContext context{settings_, clock_, observer_, stop_.tokens(), confirm_};
    return RunCommand(*found, context, {arguments, flags});
  }

  static std::string Text(const json::value& document) { return json::serialize(document); }
  // "code" of the error document.
  static std::string ErrorCodeIn(const CommandAnswer& answer) {
    return std::string(answer.document.at("error").at("code").as_string());
  }
  static std::string CodeOfFirstDiagnostic(const CommandAnswer& answer) {
    return std::string(answer.document.at("diagnostics").at(0).at("code").as_string());
  }

  std::filesystem::path root_;
  Settings settings_;
  JumpingClock clock_;
  ListeningObserver observer_;
  StopSource stop_;
  std::function<std::optional<bool>(const std::string&)> confirm_;
};

}  // namespace lockstep
