#include "agent/folder_watch.h"

#include <sys/inotify.h>

#include <boost/asio/buffer.hpp>
#include <cstring>
#include <utility>

namespace lockstep {
namespace {

constexpr std::chrono::milliseconds kTogether{100};
constexpr std::chrono::seconds kWatchAgain{5};
constexpr std::uint32_t kChanges = IN_CREATE | IN_CLOSE_WRITE | IN_MOVED_FROM | IN_MOVED_TO |
                                   IN_DELETE | IN_ATTRIB | IN_DELETE_SELF | IN_MOVE_SELF;

}  // namespace

FolderWatch::FolderWatch(boost::asio::io_context& io, std::string folder,
                         std::function<void()> on_change)
    : folder_(std::move(folder)),
      on_change_(std::move(on_change)),
      inotify_(io),
      soon_(io),
      again_(io) {
  const int descriptor = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
  if (descriptor < 0) return;  // no watches are left: the rescan has to do
  inotify_.assign(descriptor);
  Watch();
  Read();
}

FolderWatch::~FolderWatch() = default;

void FolderWatch::Watch() {
  watch_ = inotify_add_watch(inotify_.native_handle(), folder_.c_str(), kChanges | IN_ONLYDIR);
  if (watch_ < 0) WatchAgainLater();
}

void FolderWatch::WatchAgainLater() {
  again_.expires_after(kWatchAgain);
  again_.async_wait([this, self = std::weak_ptr(self_)](const boost::system::error_code& problem) {
    if (problem || self.expired()) return;
    Watch();
    if (watch_ >= 0) TellSoon();
  });
}

void FolderWatch::Read() {
  inotify_.async_read_some(boost::asio::buffer(buffer_->bytes),
                           [this, self = std::weak_ptr(self_), buffer = buffer_](
                               const boost::system::error_code& problem, std::size_t bytes) {
                             if (problem || self.expired()) return;
                             OnEvents(bytes);
                             Read();
                           });
}

void FolderWatch::OnEvents(std::size_t bytes) {
  bool lost = false;
  for (std::size_t at = 0; at + sizeof(inotify_event) <= bytes;) {
    inotify_event event{};
    std::memcpy(&event, buffer_->bytes.data() + at, sizeof event);
    // IN_IGNORED: the folder is gone, and the watch with it.
    if ((event.mask & (IN_IGNORED | IN_MOVE_SELF)) != 0 && event.wd == watch_) lost = true;
    at += sizeof event + event.len;
  }
  TellSoon();
  if (!lost) return;
  if (watch_ >= 0) inotify_rm_watch(inotify_.native_handle(), watch_);
  watch_ = -1;
  WatchAgainLater();
}

// A deployment changes many files; they are one change.
void FolderWatch::TellSoon() {
  if (std::exchange(telling_, true)) return;
  soon_.expires_after(kTogether);
  soon_.async_wait([this, self = std::weak_ptr(self_)](const boost::system::error_code& problem) {
    if (problem || self.expired()) return;
    telling_ = false;
    on_change_();
  });
}

}  // namespace lockstep
