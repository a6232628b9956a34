// The catalogue queries behind a schema fingerprint: one for each kind of object.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace lockstep {

// Each query gives two columns: the object's text, unique among all queries, and its definition,
// which is equal whenever the object is. Its table expressions (see the .cc) give the objects to
// look at.
struct SchemaQuery {
  std::string_view kind;  // "index"
  std::string_view sql;
  int from_version = 0;  // of the server, 150000; older ones lack a catalogue or column
};

const std::vector<SchemaQuery>& SchemaQueries();

// All queries as one message, in one snapshot. Whatever the session's settings are, names come out
// qualified and constants in one form; the settings are back as they were when the message is done.
// `skip_schema` and `skip_table` ("public.alembic_version"; may be empty) are left out with all
// that belongs to them.
std::string SchemaMessage(int server_version, std::string_view skip_schema,
                          std::string_view skip_table);

}  // namespace lockstep
