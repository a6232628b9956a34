// The input is a database's URL or keyword string; the word "C4n4ry" in it stands for a secret.
#include "base/error.h"
#include "fuzz/oracle.h"
#include "fuzz/targets.h"
#include "postgres/connection_url.h"

namespace lockstep {
namespace {

constexpr std::string_view kCanary = "C4n4ry";

// The canary stands in a password, and nowhere else.
bool IsSecret(const ConnectionUrl& url) {
  bool secret = false;
  for (const auto& [key, value] : url.options()) {
    if (!Holds(value, kCanary)) continue;
    if (key != "password" && key != "sslpassword") return false;
    secret = true;
  }
  return secret;
}

// A keyword may be said twice, and only the last counts: then the text may hold the canary in what
// is no password as well.
bool StandsOnce(std::string_view input) { return input.find(kCanary) == input.rfind(kCanary); }

// As whoever is shown the URL may type it in again.
void HoldRedacted(const ConnectionUrl& url) {
  const std::string shown = url.Redacted();
  try {
    const ConnectionUrl again = ConnectionUrl::Parse(shown);
    Hold(again.Redacted() == shown, "what is shown of a URL shows itself",
         shown + " as " + again.Redacted());
    for (const char* key : {"user", "dbname"}) {
      Hold(again.Get(key) == url.Get(key), "what is shown of a URL means the same", shown);
    }
    Hold(again.Get("password").empty(), "what is shown has no password");
  } catch (const Error& error) {
    Hold(false, "what is shown of a URL can be read", shown + ": " + error.what());
  }
}

}  // namespace

void FuzzUrl(std::string_view input) {
  try {
    const ConnectionUrl url = ConnectionUrl::Parse(input);
    HoldRedacted(url);
    if (!IsSecret(url)) return;
    Hold(!Holds(url.Redacted(), kCanary), "what is shown of a URL holds no password",
         url.Redacted());
    Hold(!StandsOnce(input) || !Holds(RedactSecrets(input), kCanary),
         "the redactor's output never holds the password", RedactSecrets(input));
  } catch (const Error& error) {
    Hold(error.code() == ErrorCode::kBadSettings, "a URL is refused as a setting");
    Hold(!Holds(error.what(), kCanary) && !Holds(error.hint(), kCanary),
         "a refusal repeats nothing that could be a password", error.what());
  }
}

}  // namespace lockstep
