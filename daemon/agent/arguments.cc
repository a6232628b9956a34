#include "agent/arguments.h"

#include <CLI/CLI.hpp>

#include "agent/events.h"
#include "base/text.h"
#include "base/version.h"

namespace lockstep {
namespace {

constexpr std::string_view kHelp =
    "usage: lockstepd [OPTIONS]\n"
    "\n"
    "The agent: waits beside the service, applies pending migrations, reports, stands by.\n"
    "\n"
    "  --config FILE         the configuration file\n"
    "  --database-url URL    the database; without it DATABASE_URL, then the configuration\n"
    "  --password-file FILE  a file that holds the password and nothing else\n"
    "  --dir DIR             the folder of migrations [migrations]\n"
    "  --socket PATH         the Unix socket for requests [/run/lockstep/lockstep.sock]; off: "
    "none\n"
    "  --listen HOST:PORT    where questions are answered over TCP [127.0.0.1:8432]; off: nowhere\n"
    "  --check-config        say whether the settings can be used, and end\n"
    "  --print-config        print every setting in force with its origin, and end\n"
    "  --print-events        print the catalogue of what is logged, and end\n"
    "  -h, --help            show this help\n"
    "  --version             show the version\n"
    "\n"
    "signals:\n"
    "  TERM, INT  no new migration; the one that runs gets shutdown.grace; again: cancel it now\n"
    "  QUIT       leave at once\n"
    "  HUP        read the settings and the folders again\n"
    "  USR1       apply what is pending now\n"
    "  USR2       write the whole state to the log\n";

AgentArgumentReply Wrong(const std::string& message) {
  return {"error: " + message + "\n  hint: see 'lockstepd --help'\n", ExitCode::kUsage};
}

// Never repeats a value: it could be a URL with its password.
AgentArgumentReply Refused(const CLI::ParseError& error) {
  const std::string text = error.what();
  const std::string option = Escaped(text.substr(0, text.find_first_of(": =")));
  if (dynamic_cast<const CLI::ExtrasError*>(&error) != nullptr) {
    return Wrong("there is an option or argument that lockstepd does not take");
  }
  if (text.ends_with("missing")) return Wrong(option + " needs a value");
  return Wrong(option + " does not take what was given to it");
}

}  // namespace

std::variant<AgentInvocation, AgentArgumentReply> ParseAgentArguments(int argc,
                                                                      const char* const* argv) {
  AgentInvocation invocation;
  bool help = false;
  bool version = false;
  bool print_events = false;
  CLI::App app;
  app.set_help_flag();
  app.add_flag("-h,--help", help);
  app.add_flag("--version", version);
  app.add_flag("--print-events", print_events);
  app.add_flag("--check-config", invocation.check_config);
  app.add_flag("--print-config", invocation.print_config);
  app.add_option("--config", invocation.flags.settings.config);
  app.add_option("--database-url", invocation.flags.settings.database_url);
  app.add_option("--password-file", invocation.flags.settings.password_file);
  app.add_option("--dir", invocation.flags.settings.folder);
  app.add_option("--socket", invocation.flags.socket);
  app.add_option("--listen", invocation.flags.listen);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return Refused(error);
  }
  if (help) return AgentArgumentReply{std::string(kHelp)};
  if (version) return AgentArgumentReply{"lockstepd " + std::string(Version()) + "\n"};
  if (print_events) return AgentArgumentReply{EventsPage()};
  return invocation;
}

}  // namespace lockstep
