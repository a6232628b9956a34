#include "support/round_trips.h"

#include <gtest/gtest.h>

#include <string_view>

namespace lockstep {
namespace {

using namespace std::string_view_literals;

// How many round trips end in a conversation: ">" before what the client sends, "<" before what the
// server sends, each message by its type.
int Count(RoundTrips& round_trips, std::string_view conversation) {
  int count = 0;
  bool request = true;
  for (const char each : conversation) {
    if (each == '<' || each == '>') {
      request = each == '>';
    } else if (request) {
      round_trips.NoteRequest(each);
    } else {
      count += round_trips.NoteAnswer(each) ? 1 : 0;
    }
  }
  return count;
}

int Count(std::string_view conversation) {
  RoundTrips round_trips;
  round_trips.NoteAnswer('Z');
  return Count(round_trips, conversation);
}

TEST(RoundTripsTest, InTheStartupEachMessageOfTheClientIsAnswered) {
  RoundTrips password;
  // The request for encryption and the startup message have no type.
  EXPECT_EQ(Count(password, ">\0<\0>\0<R>p<R>p<RRSSSK"sv), 4);
  EXPECT_TRUE(password.starting());
  EXPECT_EQ(Count(password, "<Z"), 0);
  EXPECT_FALSE(password.starting());
}

TEST(RoundTripsTest, AQueryIsOneWhateverItAnswers) {
  EXPECT_EQ(Count(">Q<TDDDCTDCNZ"), 1);
  EXPECT_EQ(Count(">Q<TDCZ>Q<EZ>F<VZ"), 3);
}

TEST(RoundTripsTest, AnExtendedQueryIsOneForEachSyncThatIsWaitedFor) {
  EXPECT_EQ(Count(">PDS<1tTZ>BES<2DCZ"), 2);
  EXPECT_EQ(Count(">PBDES<12TDCZ"), 1);
}

TEST(RoundTripsTest, BatchesThatAreSentWithoutWaitingAreOne) {
  EXPECT_EQ(Count(">PBESPBESPBES<12CZ12CZ12CZ"), 1);
  // And so if some of it is sent while the first answers come.
  EXPECT_EQ(Count(">PBESPBES<12CZ>PBES<12CZ12CZ"), 1);
}

TEST(RoundTripsTest, AFlushIsOneWhenItsAnswerIsWaitedFor) {
  EXPECT_EQ(Count(">PDH<1tT>BES<2DCZ"), 2);
  EXPECT_EQ(Count(">PDH<E>S<Z"), 2);
  EXPECT_EQ(Count(">PDHBES<1tT2DCZ"), 1);
  // After a Sync it asks for nothing more.
  EXPECT_EQ(Count(">PBESH<12CZ>Q<CZ"), 2);
}

TEST(RoundTripsTest, CopyInWaitsBeforeItsDataAndAfter) {
  EXPECT_EQ(Count(">Q<G>dddc<CZ"), 2);
  EXPECT_EQ(Count(">Q<G>df<EZ>Q<Z"), 3);
}

// The Sync that follows the Execute is ignored; after it no further round trip would ever end.
TEST(RoundTripsTest, CopyInByTheExtendedProtocolIsAnsweredOnce) {
  EXPECT_EQ(Count(">PBES<12G>ddcS<CZ>Q<TDCZ"), 3);
}

TEST(RoundTripsTest, WhatNobodyAskedForIsNone) {
  EXPECT_EQ(Count("<NSA"), 0);
  EXPECT_EQ(Count(">PDH<NS"), 0);
  EXPECT_EQ(Count(">X"), 0);
}

}  // namespace
}  // namespace lockstep
