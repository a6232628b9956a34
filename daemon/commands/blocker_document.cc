#include "commands/blocker_document.h"

#include "commands/documents.h"
#include "postgres/blockers.h"
#include "postgres/connection_url.h"

namespace lockstep {
namespace {

json::value SecondsOrNull(double seconds) {
  return seconds < 0 ? json::value(nullptr) : json::value(seconds);
}

json::object SessionDocument(const Blocker& blocker) {
  return {{"pid", blocker.pid},
          {"gid", TextOrNull(blocker.gid)},
          {"of", nullptr},
          {"revision", nullptr},
          {"kind", NameOf(blocker.kind)},
          {"user", TextOrNull(blocker.user)},
          {"application_name", TextOrNull(blocker.application_name)},
          {"client_address", TextOrNull(blocker.client_address)},
          {"state", TextOrNull(blocker.state)},
          {"transaction_seconds", SecondsOrNull(blocker.transaction_age_seconds)},
          {"wait_seconds", SecondsOrNull(blocker.wait_seconds)},
          {"mode", TextOrNull(blocker.mode)},
          {"queued", blocker.queued},
          {"relation", TextOrNull(blocker.relation)},
          {"lock_type", TextOrNull(blocker.lock_type)},
          {"query", TextOrNull(RedactSecrets(blocker.query))},
          {"text", RedactSecrets(ToText(blocker))}};
}

json::object OurDocument(const OurBackend& backend) {
  return {{"pid", backend.pid},
          {"application_name", backend.application_name},
          {"state", TextOrNull(backend.state)},
          {"waiting", backend.waiting}};
}

void Add(json::array& list, const std::vector<Blocker>& found, const OurBackend& of,
         QueryDisclosure how) {
  for (const Blocker& blocker : Disclosed(found, how)) {
    json::object document = SessionDocument(blocker);
    document["of"] = of.pid;
    list.push_back(std::move(document));
  }
}

}  // namespace

BlockerPicture ReadBlockerPicture(Session& session, QueryDisclosure how) {
  BlockerPicture picture;
  for (const OurBackend& backend : FindOurBackends(session)) {
    picture.ours.push_back(OurDocument(backend));
    if (backend.waiting) Add(picture.blockers, FindBlockers(session, backend.pid), backend, how);
    Add(picture.victims, FindVictims(session, backend.pid), backend, how);
  }
  return picture;
}

void AddHolders(const std::vector<Blocker>& holders, const std::string& revision,
                QueryDisclosure how, BlockerPicture& picture) {
  for (const Blocker& blocker : Disclosed(holders, how)) {
    if (blocker.application_name.starts_with("lockstep/")) continue;
    json::object document = SessionDocument(blocker);
    document["revision"] = revision;
    picture.blockers.push_back(std::move(document));
  }
}

}  // namespace lockstep
