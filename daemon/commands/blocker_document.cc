#include "commands/blocker_document.h"

#include "commands/documents.h"
#include "postgres/blockers.h"
#include "postgres/connection_url.h"

namespace lockstep {
namespace {

json::value SecondsOrNull(double seconds) {
  return seconds < 0 ? json::value(nullptr) : json::value(seconds);
}

json::object SessionDocument(const Blocker& blocker, const OurBackend& of) {
  return {{"pid", blocker.pid},
          {"gid", TextOrNull(blocker.gid)},
          {"of", of.pid},
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

void Add(json::array& list, const std::vector<Blocker>& found, const OurBackend& of) {
  for (const Blocker& blocker : found) list.push_back(SessionDocument(blocker, of));
}

}  // namespace

BlockerPicture ReadBlockerPicture(Session& session) {
  BlockerPicture picture;
  for (const OurBackend& backend : FindOurBackends(session)) {
    picture.ours.push_back(OurDocument(backend));
    if (backend.waiting) Add(picture.blockers, FindBlockers(session, backend.pid), backend);
    Add(picture.victims, FindVictims(session, backend.pid), backend);
  }
  return picture;
}

}  // namespace lockstep
