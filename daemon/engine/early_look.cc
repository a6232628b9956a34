#include "engine/early_look.h"

#include <exception>
#include <utility>

namespace lockstep {
namespace {

std::future<Look> LookAt(Session& session, const BookkeepingNames& names) {
  std::promise<Look> look;
  try {
    look.set_value(ReadLook(session, names));
  } catch (...) {
    look.set_exception(std::current_exception());
  }
  return look.get_future();
}

FirstLook OpenAndLook(const SessionFactory& open, const SessionOptions& options,
                      const BookkeepingNames& names) {
  OpenedSession opened = open(options);
  std::future<Look> look = LookAt(*opened.session, names);
  return {std::move(opened), std::move(look)};
}

}  // namespace

EarlyLook::EarlyLook(SessionFactory open, SessionOptions options, BookkeepingNames names)
    : first_(std::async(std::launch::async, OpenAndLook, std::move(open), std::move(options),
                        std::move(names))) {}

}  // namespace lockstep
