#include "cli/manual.h"

#include <string_view>

#include "base/version.h"
#include "cli/examples.h"
#include "cli/global_flags.h"

namespace lockstep {
namespace {

constexpr std::string_view kDescription =
    R"(lockstep brings the schema of a PostgreSQL database from one revision to another by
the SQL files of a folder, each exactly once, whoever else tries at the same time. Its words are
those of Alembic where Alembic has one.
.P
Data is printed on standard output and messages on standard error. On a terminal a line
shows what runs; elsewhere there is a line for each migration. With \fB\-\-output json\fR
every command prints one JSON document; docs/json.md describes it.
.P
With \fB\-\-socket\fR the question goes to an agent, \fBlockstepd\fR, instead of the database, and
its answer looks the same: \fBstatus\fR, \fBhistory\fR, \fBplan\fR, \fBblockers\fR, \fBwait\fR,
\fBupgrade\fR and \fBdowngrade\fR. The agent has its own configuration: database, folder and backups
cannot be given. \fBstop\-run\fR, \fBpause\fR, \fBresume\fR and \fBreload\fR exist with an agent only.
)";

constexpr std::string_view kGoals = R"(.TP
.BR head ", " heads
the last revision of the folder, of each branch
.TP
.B base
before the first revision
.TP
.I REVISION
a revision or a prefix that only one revision has
.TP
.BI + N ", \-" N
so many steps from where the database stands
.TP
.IB REVISION + N ", " REVISION \- N
so many steps from a revision
)";

constexpr std::string_view kFiles =
    R"(A migration is a pair of files, \fINAME\fB.up.sql\fR and \fINAME\fB.down.sql\fR. Comment
lines at the start of a file are its header:
.P
.nf
.RS
\-\- revision: db82de06f57d
\-\- revises: 68db6a7fba94
\-\- description: add user role field
.RE
.fi
.P
Other keys are \fBtransaction\fR (on, off), \fBirreversible\fR (the reason why there is no
down file), \fBlock_deadline\fR, \fBmax_hold\fR, \fBlock_timeout\fR, \fBstatement_timeout\fR
and the other limits of docs/table\-locks.md, \fBacknowledge\fR (a table and \fBrewrite\fR,
\fBscan\fR, \fBbuild\fR or \fBlock\fR: a long strong lock on it is wanted) and
\fBvariables\fR (on: ${NAME} is replaced). Without \fBrevision\fR it is the
file's name up to its first "_" or "."; without \fBrevises\fR the parent is the file before it.
)";

constexpr std::string_view kEnvironment = R"(.TP
.B DATABASE_URL
the database, when
.B \-\-database\-url
is not given. A password on the command line is overwritten in the process list as soon as it was
read, yet the environment or a password file is the better place.
.TP
.B LOCKSTEP_SOCKET
the agent's socket, for the commands that exist with an agent only. The others speak to the database
unless \fB\-\-socket\fR is given
.TP
.BI LOCKSTEP_ NAME
other settings, as in the configuration file
.TP
.B NO_COLOR
no colours when it is not empty
)";

constexpr std::string_view kSignals = R"(.TP
.B SIGINT
(Ctrl-C) stops after the migration that runs, and at once when it only waits for a lock. The second
one cancels the migration, which is rolled back.
.TP
.BR SIGTERM ", " SIGHUP
the same, and the migration is cancelled after 25 seconds. The second one cancels it now.
.TP
.B SIGQUIT
cancels the migration now.
.P
One more signal after that ends the program without waiting for the server, which then rolls back
by itself.
.P
With \fB\-\-socket\fR the run is the agent's. The first SIGINT asks the agent to stop after the
migration that runs, the second to cancel it, and the third leaves; SIGQUIT asks to cancel. SIGTERM and
SIGHUP leave at once, and the run goes on.
)";

constexpr std::string_view kExitStatus = R"(.TP
.B 0
done
.TP
.B 1
something else went wrong: a hook, a backup, a statement of our own
.TP
.B 2
the command line asks for something impossible
.TP
.B 3
migrations are pending
.RB ( "current \-\-check\-heads" ,
.BR "plan \-\-exit\-code" )
.TP
.B 65
a bad migration: its files, its checksum, its SQL, or a failed state
.TP
.B 69
the database, or the agent, cannot be reached
.TP
.B 70
a bug of this program
.TP
.BR 73 ", " 74
a file cannot be written, read
.TP
.B 75
temporary: somebody else holds the lock, a migration was deferred or stopped, a wait timed out
.TP
.B 77
the database, the agent or the file system refuses this role
.TP
.B 78
settings that cannot be used, a pooler, a standby, a read-only database
)";

// A text line: dashes stay dashes when they are copied, and no line starts with a request.
std::string Roff(std::string_view text) {
  std::string roff;
  if (text.starts_with('.') || text.starts_with('\'')) roff = "\\&";
  for (const char c : text) {
    if (c == '-') roff += "\\-";
    if (c == '\\') roff += "\\e";
    if (c == '\'') roff += "\\(aq";
    if (c != '-' && c != '\\' && c != '\'') roff += c;
  }
  return roff;
}

std::string Bold(std::string_view text) { return "\\fB" + Roff(text) + "\\fR"; }
std::string Italic(std::string_view text) { return "\\fI" + Roff(text) + "\\fR"; }

std::string Section(std::string_view title, std::string_view body) {
  return ".SH " + std::string(title) + "\n" + std::string(body);
}

std::string FlagEntry(const Flag& flag) {
  std::string label = Bold("--" + std::string(flag.name));
  if (!LetterOf(flag).empty()) label = Bold("-" + std::string(LetterOf(flag))) + ", " + label;
  if (!flag.value.empty()) label += " " + Italic(flag.value);
  return ".TP\n" + label + "\n" + Roff(flag.help) + "\n";
}

std::string CommandEntry(const Command& command) {
  std::string entry = ".SS \"" + Bold(command.name);
  if (!command.arguments.empty()) entry += " " + Italic(command.arguments);
  entry += "\"\n" + Roff(command.summary) + "\n";
  for (const auto& flag : command.flags) entry += FlagEntry(flag);
  return entry;
}

std::string CommandsSection(const std::vector<Command>& commands) {
  std::string body;
  for (const auto& command : commands) body += CommandEntry(command);
  return body;
}

std::string OptionsSection() {
  std::string body;
  for (const auto& flag : GlobalFlags()) body += FlagEntry(flag);
  return body;
}

std::string ExamplesSection() {
  std::string body;
  for (const auto& example : Examples()) {
    body +=
        ".TP\n" + Bold("lockstep " + std::string(example.line)) + "\n" + Roff(example.says) + "\n";
  }
  return body;
}

}  // namespace

std::string ManualPage(const std::vector<Command>& commands) {
  return ".TH LOCKSTEP 1 \"\" \"lockstep " + std::string(Version()) + "\" \"User Commands\"\n" +
         Section("NAME", "lockstep \\- schema migrations for PostgreSQL\n") +
         Section("SYNOPSIS", ".B lockstep\n.I COMMAND\n.RI [ OPTIONS ]\n") +
         Section("DESCRIPTION", kDescription) + Section("COMMANDS", CommandsSection(commands)) +
         Section("GOALS", kGoals) + Section("OPTIONS", "Of every command:\n" + OptionsSection()) +
         Section("MIGRATION FILES", kFiles) + Section("ENVIRONMENT", kEnvironment) +
         Section("SIGNALS", kSignals) + Section("EXIT STATUS", kExitStatus) +
         Section("EXAMPLES", ExamplesSection());
}

}  // namespace lockstep
