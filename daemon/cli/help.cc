#include "cli/help.h"

#include <string_view>

#include "cli/examples.h"
#include "cli/global_flags.h"
#include "cli/text_table.h"

namespace lockstep {
namespace {

std::string UsageOf(const Command& command) {
  std::string usage = std::string(command.name);
  if (!command.arguments.empty()) usage += " " + std::string(command.arguments);
  return usage;
}

std::string FlagTable(const std::vector<Flag>& flags) {
  TextTable table;
  for (const auto& flag : flags) table.Add({"  " + FlagLabel(flag), std::string(flag.help)});
  return table.Text();
}

std::string ExampleTable(std::string_view command) {
  TextTable table;
  for (const auto& example : Examples()) {
    if (example.command != command) continue;
    table.Add({"  lockstep " + std::string(example.line), std::string(example.says)});
  }
  return table.Text();
}

}  // namespace

std::string HelpOverview(const std::vector<Command>& commands) {
  TextTable table;
  for (const auto& command : commands) {
    table.Add({"  " + UsageOf(command), std::string(command.summary)});
  }
  return "usage: lockstep COMMAND [OPTIONS]\n\nMigrates the schema of a PostgreSQL database.\n\n"
         "commands:\n" +
         table.Text() + "\noptions of every command:\n" + FlagTable(GlobalFlags()) +
         "\nGOAL: head, heads, base, a revision or its unique prefix, +N, -N, REV+N, REV-N\n"
         "'lockstep COMMAND --help' tells more of a command; 'man lockstep' tells everything.\n";
}

std::string HelpFor(const Command& command) {
  std::string text = "usage: lockstep " + UsageOf(command) + " [OPTIONS]\n\n" +
                     std::string(command.summary) + "\n";
  if (!command.flags.empty()) text += "\noptions:\n" + FlagTable(command.flags);
  if (const auto examples = ExampleTable(command.name); !examples.empty()) {
    text += "\nexamples:\n" + examples;
  }
  return text + "\noptions of every command:\n" + FlagTable(GlobalFlags());
}

}  // namespace lockstep
