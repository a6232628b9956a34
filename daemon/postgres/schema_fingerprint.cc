#include "postgres/schema_fingerprint.h"

#include <algorithm>
#include <string_view>

#include "base/error.h"
#include "base/text.h"
#include "postgres/schema_queries.h"
#include "postgres/sql_state.h"

namespace lockstep {
namespace {

// A function's body may have thousands of lines; the place where two begin to differ is what
// counts.
constexpr std::size_t kExcerptBefore = 40;
constexpr std::size_t kExcerptBytes = 160;

void Add(const Rows& rows, SchemaFingerprint& fingerprint) {
  for (std::size_t row = 0; row < rows.size(); ++row) {
    const auto [place, added] = fingerprint.try_emplace(rows.Text(row, 0), rows.Text(row, 1));
    if (!added) {
      throw Error(ErrorCode::kInternal,
                  "two objects of the schema have one name: '" + Escaped(place->first) + "'");
    }
  }
}

bool IsInsideCharacter(std::string_view text, std::size_t byte) {
  return byte < text.size() && (static_cast<unsigned char>(text[byte]) & 0xC0U) == 0x80U;
}

std::size_t CharacterStart(std::string_view text, std::size_t byte) {
  while (byte > 0 && IsInsideCharacter(text, byte)) --byte;
  return byte;
}

std::size_t FirstDifference(std::string_view a, std::string_view b) {
  const std::size_t common = std::min(a.size(), b.size());
  const auto end = a.begin() + static_cast<std::ptrdiff_t>(common);
  return static_cast<std::size_t>(std::mismatch(a.begin(), end, b.begin()).first - a.begin());
}

std::string Excerpt(std::string_view text, std::size_t difference) {
  if (text.size() <= kExcerptBytes) return Escaped(text);
  const std::size_t wanted = difference > kExcerptBefore ? difference - kExcerptBefore : 0;
  const std::size_t begin = CharacterStart(text, wanted);
  const std::size_t end = CharacterStart(text, std::min(text.size(), begin + kExcerptBytes));
  return (begin > 0 ? "..." : "") + Escaped(text.substr(begin, end - begin)) +
         (end < text.size() ? "..." : "");
}

}  // namespace

SchemaFingerprint ReadSchemaFingerprint(Session& session, const std::string& skip_schema,
                                        const std::string& skip_table) {
  const Reply reply =
      session.Send(SchemaMessage(session.server_version(), skip_schema, skip_table), Keep::kRows);
  if (!reply.ok()) {
    throw Error(sql_state::CodeOf(reply.error->sqlstate),
                "the schema could not be read: " + reply.error->message, reply.error->hint,
                reply.error->sqlstate);
  }
  SchemaFingerprint fingerprint;
  for (const Rows& rows : reply.rows) Add(rows, fingerprint);
  return fingerprint;
}

std::vector<SchemaDifference> Compare(const SchemaFingerprint& before,
                                      const SchemaFingerprint& after) {
  using What = SchemaDifference::What;
  std::vector<SchemaDifference> differences;
  auto b = before.begin();
  auto a = after.begin();
  while (b != before.end() || a != after.end()) {
    if (a == after.end() || (b != before.end() && b->first < a->first)) {
      differences.push_back({What::kMissing, b->first, b->second, ""});
      ++b;
    } else if (b == before.end() || a->first < b->first) {
      differences.push_back({What::kExtra, a->first, "", a->second});
      ++a;
    } else {
      if (b->second != a->second) {
        differences.push_back({What::kChanged, b->first, b->second, a->second});
      }
      ++b;
      ++a;
    }
  }
  return differences;
}

std::string ToText(const SchemaDifference& difference) {
  const std::string object = Escaped(difference.object);
  switch (difference.what) {
    case SchemaDifference::What::kMissing:
      return object + " is missing";
    case SchemaDifference::What::kExtra:
      return object + " is left over";
    case SchemaDifference::What::kChanged:
      break;
  }
  const std::size_t place = FirstDifference(difference.before, difference.after);
  return object + " was '" + Excerpt(difference.before, place) + "' and is now '" +
         Excerpt(difference.after, place) + "'";
}

}  // namespace lockstep
