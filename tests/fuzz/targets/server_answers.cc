// The input is what a server says to us, message by message: a byte for its type, two for its
// length, and that much. Type 0 hands over to us: the server waits for our next words. Type 1 is no
// message but raw bytes, whose lengths may lie. When all is said the server hangs up.
#include "base/error.h"
#include "fuzz/hostile_server.h"
#include "fuzz/oracle.h"
#include "fuzz/targets.h"
#include "postgres/history_table.h"

namespace lockstep {
namespace {

constexpr std::size_t kMostBytes = 1 << 20;  // far more than any input

void HoldReply(const Reply& reply) {
  std::size_t bytes = 0;
  for (const Rows& rows : reply.rows) {
    for (const auto& row : rows.rows) {
      Hold(row.size() == rows.columns.size(), "a row has all of its columns");
      for (const SqlValue& value : row) bytes += value ? value->size() : 0;
    }
  }
  Hold(bytes <= kMostBytes, "what is kept is no larger than what was sent");
}

// Whatever the server says, a person is told, and nothing but an Error is thrown.
template <typename Ask>
bool Answers(Ask ask) {
  try {
    ask();
    return true;
  } catch (const Error& error) {
    Hold(error.what()[0] != '\0', "an error has words");
    Hold(std::string_view(error.what()).size() < kMostBytes, "its words are bounded");
    return error.code() != ErrorCode::kConnectionLost && error.code() != ErrorCode::kInDoubt;
  }
}

void Talk(Session& session) {
  const BookkeepingNames names;
  const std::chrono::seconds patience(60);
  Answers([&] { ReadLook(session, names); }) && Answers([&] { ReadHistoryMark(session, names); }) &&
      Answers([&] { HoldReply(session.Send("select 1; select 2", Keep::kRows, patience)); }) &&
      Answers([&] { session.Query("select $1", {"x"}); }) &&
      Answers([&] { ReadStoredDown(session, names, "a"); }) && Answers([&] { Commit(session); });
}

}  // namespace

void FuzzServerAnswers(std::string_view input) {
  static HostileServer server;
  const HostileServer::Exchange exchange = server.Expect(input);
  Answers([&] {
    const OpenedSession opened = OpenSession(
        ConnectionUrl::Parse("host=" + server.folder() +
                             " user=a dbname=b sslmode=disable gssencmode=disable"),
        {.purpose = "fuzz", .connect_timeout = std::chrono::seconds(60), .answer_deadline = {}});
    opened.session->OnNotice([](const Notice& notice) {
      Hold(notice.sqlstate.size() < kMostBytes, "a notice is bounded");
    });
    Talk(*opened.session);
  });
}

}  // namespace lockstep
