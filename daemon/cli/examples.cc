#include "cli/examples.h"

namespace lockstep {

const std::vector<Example>& Examples() {
  static const std::vector<Example> examples = {
      {"current", "current --check-heads", "exit code 3 unless everything is applied"},
      {"history", "history -v", "everything that is known of each migration"},
      {"history", "history -r 68db6a7fba94:head", "a part of it"},
      {"plan", "plan", "what 'upgrade' would do"},
      {"plan", "plan --downgrade -1", "what 'downgrade -1' would do"},
      {"plan", "plan head --sql > script.sql", "the script, to be read by others"},
      {"upgrade", "upgrade", "apply everything that is pending"},
      {"upgrade", "upgrade +1", "apply the next one"},
      {"upgrade", "upgrade --backup /var/backups", "write a dump before anything is changed"},
      {"upgrade", "upgrade --socket /run/lockstep/lockstep.sock",
       "let the agent do it, and look on"},
      {"downgrade", "downgrade -1", "roll the last one back"},
      {"downgrade", "downgrade base --yes", "roll everything back, without a question"},
      {"stamp", "stamp head", "record everything as applied without running it"},
      {"verify", "verify --all", "apply, roll back and compare each migration"},
      {"wait", "wait --for head --timeout 10m", "in a container that needs the schema"},
      {"stop-run", "stop-run --now", "cancel what the agent of LOCKSTEP_SOCKET does"},
      {"new", "new 'add user role'", "a new pair of files"},
      {"resolve", "resolve 4c876238cdeb --applied", "tell how an interrupted statement ended"},
      {"adopt alembic", "adopt alembic", "take over a database that Alembic manages"},
      {"completion", "completion bash > /etc/bash_completion.d/lockstep", "for every user"},
  };
  return examples;
}

}  // namespace lockstep
