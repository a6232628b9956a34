// One table of commands, for every door: in-process, socket, HTTP.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/error.h"
#include "base/json.h"
#include "base/stop.h"
#include "commands/settings.h"
#include "engine/run_observer.h"

namespace lockstep {

// Exit codes are part of the interface (sysexits.h where it has one).
enum class ExitCode : int {
  kDone = 0,
  kOther = 1,
  kUsage = 2,
  kPending = 3,
  kBadMigration = 65,
  kUnreachable = 69,
  kInternal = 70,
  kCannotWrite = 73,
  kCannotRead = 74,
  kTemporary = 75,
  kPermission = 77,
  kSettings = 78,
};

// What was asked: positional arguments and the command's own flags, by the names of the manual
// without dashes. Values are text; a flag without a value holds "true".
struct CommandRequest {
  std::vector<std::string> arguments;
  std::map<std::string, std::string, std::less<>> flags;

  bool Has(std::string_view flag) const { return flags.contains(flag); }
  std::string Get(std::string_view flag, std::string fallback = {}) const;
};

// Asks a person; `--yes` answers for them. Says nothing when nobody is there to ask.
using Confirm = std::function<std::optional<bool>(const std::string& question)>;

// What a command works with. Borrowed.
struct CommandContext {
  const Settings& settings;
  Clock& clock;
  RunObserver& observer;
  StopTokens stop;
  Confirm confirm;
  // For a run's Lookout; empty: it opens a session of its own.
  SessionFactory lookout_sessions = {};
  // Of earlier looks and runs; nothing: there were none.
  ServerMemory* memory = nullptr;
};

// The answer as data: what `--output json` prints, and what the text is made from.
struct CommandAnswer {
  json::object document;
  ExitCode exit_code = ExitCode::kDone;
};

// What broke, as an answer.
CommandAnswer AnswerOf(const Error& error);

struct Flag {
  std::string_view name;   // "backup"
  std::string_view value;  // "DIR"; empty: a switch
  std::string_view help;
};

struct Command {
  std::string_view name;       // "upgrade"; of two words for "lock show"
  std::string_view arguments;  // "[GOAL]"
  std::string_view summary;
  std::vector<Flag> flags;
  int least_arguments = 0;
  int most_arguments = 0;
  CommandAnswer (*run)(const CommandContext&, const CommandRequest&);
};

// In the order of the manual.
const std::vector<Command>& Commands();
const Command* FindCommand(std::string_view name);

// The document with the keys that all documents of docs/json.md share, those first that say whose
// it is. Changes nothing in one that has them.
json::object WithSharedKeys(std::string_view command, json::object&& document);

// Does `work` in a command's name: turns every exception into the error document of docs/json.md,
// and adds the shared keys.
CommandAnswer AnswerFor(std::string_view command, const std::function<CommandAnswer()>& work);

// Runs the command for any door, as AnswerFor does; refuses arguments and flags that it does not
// have.
CommandAnswer RunCommand(const Command& command, const CommandContext& context,
                         const CommandRequest& request);

}  // namespace lockstep
