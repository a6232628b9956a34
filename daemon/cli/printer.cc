#include "cli/printer.h"

#include <algorithm>
#include <map>
#include <string_view>

#include "base/document.h"
#include "base/text.h"
#include "cli/failure_text.h"
#include "cli/page.h"
#include "cli/wording.h"

namespace lockstep {
namespace {

using Printer = void (*)(const json::object&, Page&);

Printer PrinterOf(std::string_view command) {
  static const std::map<std::string_view, Printer> printers = {
      {"current", PrintCurrent},
      {"history", PrintHistory},
      {"heads", PrintHeads},
      {"branches", PrintBranches},
      {"show", PrintShow},
      {"plan", PrintPlan},
      {"upgrade", PrintRun},
      {"downgrade", PrintRun},
      {"stamp", PrintStamp},
      {"verify", PrintVerify},
      {"status", PrintStatus},
      {"wait", PrintWait},
      {"new", PrintNew},
      {"repair", PrintRepair},
      {"resolve", PrintResolve},
      {"blockers", PrintBlockers},
      {"lock show", PrintLockShow},
      {"adopt alembic", PrintAdoptAlembic},
      {"init", PrintInit},
      {"sandbox", PrintSandbox},
      {"completion", PrintCompletion},
  };
  const auto found = printers.find(command);
  return found == printers.end() ? nullptr : found->second;
}

bool IsBad(ExitCode code) { return code != ExitCode::kDone && code != ExitCode::kPending; }

bool IsErrorDocument(const json::object& document) {
  return ObjectAt(document, "error").contains("code");
}

// A file that the user asked for, printed alone and whatever --quiet says.
bool IsFile(const json::object& document) {
  return !TextAt(document, "sql").empty() || !TextAt(document, "script").empty();
}

std::string DataOf(const json::object& document, const PrintOptions& options) {
  Page page{.paint = Paint(options.color_data),
            .verbose = options.verbose,
            .raw_scripts = !options.data_to_terminal};
  const auto printer = PrinterOf(TextAt(document, "command"));
  if (printer != nullptr) printer(document, page);
  return page.data;
}

bool IsError(const json::object& diagnostic) { return TextAt(diagnostic, "severity") == "error"; }

// With errors in its files or its plan a command has no other answer; its keys may be missing.
bool HasErrors(const json::object& document) {
  const auto diagnostics = ObjectsAt(document, "diagnostics");
  return std::any_of(diagnostics.begin(), diagnostics.end(), IsError);
}

// An agent has something to say of itself whatever is wrong with its files.
bool HasAgent(const json::object& document) { return !ObjectAt(document, "agent").empty(); }

// Of a run and of a wait.
const json::object& FailureIn(const json::object& document) {
  return ObjectAt(document, document.contains("failure") ? "failure" : "error");
}

bool IsExplained(const json::object& document) {
  return !FailureIn(document).empty() || HasErrors(document);
}

// A doubt of our parser about a statement that the server has refused since, in the same words.
bool IsSettled(const json::object& diagnostic, const json::object& failure) {
  return TextAt(diagnostic, "severity") == "note" &&
         TextAt(diagnostic, "file") == TextAt(failure, "file") &&
         WholeAt(diagnostic, "line") == WholeAt(failure, "line") &&
         WholeAt(diagnostic, "column") == WholeAt(failure, "column");
}

std::string DiagnosticsOf(const json::object& document, const PrintOptions& options,
                          const Paint& paint) {
  std::string text;
  for (const auto& diagnostic : ObjectsAt(document, "diagnostics")) {
    if (options.quiet && !IsError(diagnostic)) continue;
    if (IsSettled(diagnostic, FailureIn(document))) continue;
    text += DiagnosticText(diagnostic, paint);
  }
  return text;
}

// The result's sentence; it is the error itself where nothing before it was one.
std::string MessageOf(const json::object& document, bool bad, bool explained, const Paint& paint) {
  const auto message = Escaped(TextAt(document, "message"));
  if (message.empty()) return "";
  const auto state = TextAt(document, "state");
  const bool wanted = state == "stopped" || state == "detached";
  return (bad && !explained && !wanted ? paint(Tone::kBad, "error:") + " " : "") + message + "\n";
}

std::string NextOf(const json::object& document, const Paint& paint) {
  const auto next = Escaped(TextAt(document, "next"));
  return next.empty() ? "" : paint(Tone::kDim, "next:") + " " + paint(Tone::kStrong, next) + "\n";
}

std::string MessagesOf(const CommandAnswer& answer, const PrintOptions& options) {
  const auto& document = answer.document;
  const Paint paint(options.color_messages);
  const bool bad = IsBad(answer.exit_code);
  std::string explanation = DiagnosticsOf(document, options, paint);
  const auto& failure = FailureIn(document);
  if (!failure.empty()) explanation += FailureText(failure, paint);
  if (options.quiet && !bad) return explanation;
  return explanation + MessageOf(document, bad, IsExplained(document), paint) +
         NextOf(document, paint);
}

}  // namespace

PrintedAnswer Print(const CommandAnswer& answer, const PrintOptions& options) {
  if (options.json) return {Pretty(answer.document), ""};
  if (IsErrorDocument(answer.document)) {
    return {"", ErrorText(ObjectAt(answer.document, "error"), Paint(options.color_messages))};
  }
  PrintedAnswer printed{"", MessagesOf(answer, options)};
  if (HasErrors(answer.document) && !HasAgent(answer.document)) return printed;
  if (!options.quiet || IsFile(answer.document)) printed.data = DataOf(answer.document, options);
  return printed;
}

}  // namespace lockstep
