// The command line: reads it, runs one command, prints its answer.
#include <unistd.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <exception>
#include <memory>
#include <string>
#include <thread>

#include "base/argument_memory.h"
#include "base/error.h"
#include "base/startup.h"
#include "base/text.h"
#include "cli/agent_commands.h"
#include "cli/all_commands.h"
#include "cli/arguments.h"
#include "cli/completion.h"
#include "cli/printer.h"
#include "cli/progress.h"
#include "cli/question.h"
#include "cli/signals.h"
#include "cli/terminal.h"
#include "commands/documents.h"
#include "commands/exit_code.h"
#include "commands/run_events.h"

namespace lockstep {
namespace {

const Terminal kData(STDOUT_FILENO);
const Terminal kMessages(STDERR_FILENO);

// Commands that only look die of a signal as any program does; these want to end in order.
bool EndsInOrder(const Command& command) {
  static constexpr std::array<std::string_view, 10> kNames = {
      "upgrade", "downgrade", "stamp", "verify",  "wait",
      "repair",  "resolve",   "init",  "sandbox", "adopt alembic"};
  return std::find(kNames.begin(), kNames.end(), command.name) != kNames.end();
}

// The signals' side of a run; nothing for a command that only looks.
struct Stopping {
  Stopping(Clock& clock, Progress& progress)
      : rules(source, clock, [&progress](std::string_view sentence) { progress.Say(sentence); }),
        watcher(rules) {}
  StopSource source;
  StopRules rules;
  SignalWatcher watcher;
};

// The same for a run of an agent's.
struct Following {
  explicit Following(Progress& progress)
      : rules(source, [&progress](std::string_view sentence) { progress.Say(sentence); }),
        watcher(rules) {}
  FollowStopSource source;
  FollowRules rules;
  SignalWatcher watcher;
};

std::jthread StartTicking(Progress& progress, Clock& clock) {
  return std::jthread([&progress, &clock](const std::stop_token& ended) {
    while (clock.SleepFor(std::chrono::seconds(1), ended)) progress.Tick();
  });
}

ProgressOutput ProgressTo(const Terminal& terminal, const GlobalOptions& options) {
  return {.write = [&terminal](std::string_view text) { terminal.Write(text); },
          .terminal = terminal.is_terminal() && !options.quiet,
          .columns = terminal.Columns(),
          .paint = Paint(terminal.WantsColor(options.no_color))};
}

CommandAnswer Refused(const Command& command, const Error& error) {
  CommandAnswer answer = AnswerOf(error);
  json::object document{{"command", command.name}, {"schema_version", 1}};
  for (auto& member : answer.document) document.emplace(member.key(), std::move(member.value()));
  return {std::move(document), answer.exit_code};
}

// The completions are wanted even where nothing is configured, or wrongly.
Settings SettingsFor(const Invocation& invocation) {
  if (invocation.command->run == &RunCompletion) return {};
  return LoadSettings(invocation.options.settings);
}

Confirm ConfirmAt(const GlobalOptions& options, Progress& progress, const std::stop_token& stop) {
  return [&options, &progress, stop](const std::string& question) -> std::optional<bool> {
    if (options.yes) return true;
    progress.Clear();
    const auto answer = AskPerson(question, stop);
    if (stop.stop_requested()) {
      throw Error(ErrorCode::kStopped, "stopped at the question; nothing was changed");
    }
    return answer;
  };
}

CommandAnswer AnswerHere(const Invocation& invocation) {
  SystemClock clock;
  Progress progress(ProgressTo(kMessages, invocation.options), clock);
  RunObserver silent;
  const bool quiet = invocation.options.quiet;
  std::unique_ptr<Stopping> stopping;
  if (EndsInOrder(*invocation.command)) stopping = std::make_unique<Stopping>(clock, progress);
  const StopTokens stop = stopping ? stopping->source.tokens() : StopTokens{};
  const std::jthread ticking = quiet ? std::jthread() : StartTicking(progress, clock);
  const Settings settings = SettingsFor(invocation);
  RunObserver& observer = quiet ? silent : static_cast<RunObserver&>(progress);
  auto answer = RunCommand(*invocation.command,
                           {settings, clock, observer, stop,
                            ConfirmAt(invocation.options, progress, stop.after_current)},
                           invocation.request);
  progress.Clear();
  return answer;
}

// A wait is our own, whoever answers: any signal ends it.
FollowTokens TokensOf(const std::unique_ptr<Stopping>& waiting,
                      const std::unique_ptr<Following>& following) {
  if (following) return following->source.tokens();
  if (!waiting) return {};
  const StopTokens stop = waiting->source.tokens();
  return {stop, stop.after_current};
}

CommandAnswer AnswerOfAgent(const Invocation& invocation, const std::string& socket) {
  SystemClock clock;
  Progress progress(ProgressTo(kMessages, invocation.options), clock);
  RunObserver silent;
  const bool quiet = invocation.options.quiet;
  const auto name = invocation.command->name;
  std::unique_ptr<Stopping> waiting;
  std::unique_ptr<Following> following;
  if (name == "wait") waiting = std::make_unique<Stopping>(clock, progress);
  if (name == "upgrade" || name == "downgrade") following = std::make_unique<Following>(progress);
  const FollowTokens stop = TokensOf(waiting, following);
  const std::jthread ticking = quiet ? std::jthread() : StartTicking(progress, clock);
  const AgentClient client(socket);
  auto answer =
      RunAgentCommand(*invocation.command,
                      {.client = client,
                       .target = invocation.options.settings.target,
                       .yes = invocation.options.yes,
                       .clock = clock,
                       .observer = quiet ? silent : static_cast<RunObserver&>(progress),
                       .stop = stop,
                       .confirm = ConfirmAt(invocation.options, progress, stop.run.after_current),
                       .replay = ReplayRunEvent},
                      invocation.request);
  progress.Clear();
  return answer;
}

CommandAnswer Answer(const Invocation& invocation) {
  try {
    const char* environment = std::getenv("LOCKSTEP_SOCKET");
    const auto socket = SocketFor(invocation, environment == nullptr ? "" : environment);
    return socket ? AnswerOfAgent(invocation, *socket) : AnswerHere(invocation);
  } catch (const Error& error) {
    return Refused(*invocation.command, error);
  }
}

ExitCode Finish(const PrintedAnswer& printed, ExitCode exit_code) {
  const bool written = kData.Write(printed.data);
  kMessages.Write(printed.messages);
  return written || exit_code != ExitCode::kDone ? exit_code : ExitCode::kCannotRead;
}

ExitCode RunInvocation(const Invocation& invocation) {
  const auto answer = Answer(invocation);
  const auto& options = invocation.options;
  const PrintOptions print{.json = options.json,
                           .quiet = options.quiet,
                           .verbose = options.verbose,
                           .color_data = kData.WantsColor(options.no_color),
                           .color_messages = kMessages.WantsColor(options.no_color),
                           .data_to_terminal = kData.is_terminal()};
  return Finish(Print(answer, print), answer.exit_code);
}

ExitCode Reply(const ArgumentReply& reply) {
  if (reply.exit_code == ExitCode::kDone) return Finish({reply.text, ""}, reply.exit_code);
  return Finish({"", reply.text}, reply.exit_code);
}

ExitCode RunProgram(int argc, char** argv) {
  OccupyStandardStreams();
  ForbidDumps();
  std::signal(SIGPIPE, SIG_IGN);
  const auto parsed = ParseArguments(argc, argv, AllCommands());
  HideDatabaseUrl(argc, argv);
  if (const auto* reply = std::get_if<ArgumentReply>(&parsed)) return Reply(*reply);
  return RunInvocation(std::get<Invocation>(parsed));
}

}  // namespace
}  // namespace lockstep

int main(int argc, char** argv) {
  try {
    return static_cast<int>(lockstep::RunProgram(argc, argv));
  } catch (const std::exception& error) {
    const std::string text =
        "error: " + lockstep::Escaped(error.what()) +
        "\n  hint: this is a bug; please report it with the command that led to it\n";
    lockstep::kMessages.Write(text);
    return static_cast<int>(lockstep::ExitCode::kInternal);
  }
}
