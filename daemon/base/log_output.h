// Where the log's lines go: a descriptor or the journal. Waits for a reader that is slow, but can
// always be called away.
#pragma once

#include <atomic>
#include <memory>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/descriptor.h"

namespace lockstep {

// How long an output may wait: for ever, until somebody sets an end.
// Thread: any.
class Patience {
 public:
  Patience();  // throws Error kInternal without a descriptor to be had

  // Wakes whoever waits. Once.
  void EndsAt(SteadyTime time);
  bool over() const;
  // False when the patience is over and `descriptor` still takes nothing. True also when it is
  // broken: the write tells.
  bool WaitWritable(int descriptor) const;

 private:
  Descriptor wake_;  // an eventfd: readable once there is an end
  std::atomic<SteadyTime::rep> end_;
};

// Thread: one at a time, with SIGPIPE and SIGXFSZ blocked or ignored.
class LogOutput {
 public:
  virtual ~LogOutput() = default;
  // One whole line without its end, or one journal entry. False when it was not, or only in part,
  // written: the disk is full, the reader has gone, or the patience is over.
  virtual bool Write(std::string_view line) = 0;
};

// Lines to a terminal, a pipe, a file, a socket. The descriptor may be shared with other programs,
// so it is not made non-blocking; where that can be, the same thing is opened once more.
std::unique_ptr<LogOutput> MakeLineOutput(int descriptor, const Patience& patience);

// journald's datagram socket. Not by sd_journal_sendv(): that waits for a stalled journald without
// end and says nothing when there is none. Throws Error kBadSettings when nobody listens.
std::unique_ptr<LogOutput> MakeJournalOutput(const std::string& path, const Patience& patience);

// Whether `descriptor` is connected to the journal, as $JOURNAL_STREAM ("device:inode") claims of
// standard error.
bool IsJournalStream(int descriptor, std::string_view journal_stream);

}  // namespace lockstep
