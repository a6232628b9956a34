// Hears from the kernel that a folder has changed. It may miss something, or say it twice: who
// listens looks for himself.
#pragma once

#include <array>
#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/steady_timer.hpp>
#include <functional>
#include <memory>
#include <string>

namespace lockstep {

// A folder that is not there, or goes away, is watched again once it is back.
// Thread: io.
class FolderWatch {
 public:
  // `on_change` is told of many changes at once, a moment after the first of them.
  FolderWatch(boost::asio::io_context& io, std::string folder, std::function<void()> on_change);
  ~FolderWatch();
  FolderWatch(const FolderWatch&) = delete;
  FolderWatch& operator=(const FolderWatch&) = delete;

 private:
  void Watch();
  void Read();
  void OnEvents(std::size_t bytes);
  void TellSoon();
  void WatchAgainLater();

  std::string folder_;
  std::function<void()> on_change_;
  boost::asio::posix::stream_descriptor inotify_;
  boost::asio::steady_timer soon_;
  boost::asio::steady_timer again_;
  int watch_ = -1;  // of inotify_; -1: none
  bool telling_ = false;
  // A handler may be on its way already when this is destroyed; it holds this by a weak pointer.
  std::shared_ptr<FolderWatch*> self_ = std::make_shared<FolderWatch*>(this);
  // Shared with the read under way.
  struct Buffer {
    alignas(8) std::array<char, 4096> bytes{};
  };
  std::shared_ptr<Buffer> buffer_ = std::make_shared<Buffer>();
};

}  // namespace lockstep
