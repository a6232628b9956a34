#include "agent/inbox.h"

#include <gtest/gtest.h>

namespace lockstep {
namespace {

TEST(Inbox, OnlyWhatGoesBeforeARunForbidsToBeginOne) {
  Inbox inbox;
  inbox.Post([](Mail& mail) {
    mail.refresh = mail.folder_changed = true;
    mail.triggers.insert(RunSource::kSignal);
  });
  EXPECT_FALSE(inbox.ForbidsToBegin());
  EXPECT_TRUE(inbox.IsWorthAnInterruption());
  inbox.Post([](Mail& mail) { mail.end = true; });
  EXPECT_TRUE(inbox.ForbidsToBegin());
  inbox.Take();
  EXPECT_FALSE(inbox.ForbidsToBegin());
  EXPECT_FALSE(inbox.IsWorthAnInterruption());
  inbox.Post([](Mail& mail) { mail.pause = true; });
  EXPECT_TRUE(inbox.ForbidsToBegin());
  EXPECT_TRUE(inbox.IsWorthAnInterruption());
}

TEST(Inbox, WhatIsWantedOfWhomWaitsForTheLockIsNoReasonToBreakOff) {
  Inbox inbox;
  inbox.Post([](Mail& mail) { mail.refresh = true; });
  EXPECT_FALSE(inbox.IsWorthAnInterruption());
}

}  // namespace
}  // namespace lockstep
