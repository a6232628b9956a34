// When a client of PostgreSQL has sent something and then waited for the answer.
#pragma once

namespace lockstep {

// Follows one connection's messages by their types, as its client sends and sees them.
//
// A round trip is a batch of requests, however many, that has been answered up to the last
// ReadyForQuery that it asks for: what a client sends on without waiting belongs to the same one.
// Beside those there are two answers that a client waits for within a batch: to a Flush, unless it
// has sent the batch's end without waiting, and the server's word that it takes COPY's data.
//
// In the startup it is each message of the client that is answered. Thread: any, one at a time.
class RoundTrips {
 public:
  // Until the first ReadyForQuery, which nobody asks for.
  bool starting() const { return starting_; }
  void NoteRequest(char type);
  // Says whether it ends a round trip.
  bool NoteAnswer(char type);

 private:
  bool NoteStartupAnswer(char type);
  bool NoteCopy();

  bool starting_ = true;
  bool asked_ = false;    // in the startup, and not answered yet
  int owed_ = 0;          // as many ReadyForQuery are to come
  bool flushed_ = false;  // asked for what there is without an end of the batch
  bool queried_ = false;  // the last request was a simple query
};

}  // namespace lockstep
