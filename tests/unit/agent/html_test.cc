#include "agent/html.h"

#include <gtest/gtest.h>

namespace lockstep {
namespace {

TEST(Html, ATextIsEscaped) {
  EXPECT_EQ(Html("<b>\"Tom\" & 'Ann'</b>").source(),
            "&lt;b&gt;&quot;Tom&quot; &amp; &#39;Ann&#39;&lt;/b&gt;");
}

TEST(Html, ATextThatIsEscapedAlreadyIsATextToo) { EXPECT_EQ(Html("&lt;").source(), "&amp;lt;"); }

TEST(Html, AnAttributeIsEscaped) {
  EXPECT_EQ(Element("a", {{"title", "\"><script>"}}, "x").source(),
            "<a title=\"&quot;&gt;&lt;script&gt;\">x</a>");
}

TEST(Html, AnElementHoldsTextsAndElements) {
  EXPECT_EQ(Element("p", "1 < 2, " + Element("b", "says") + " he").source(),
            "<p>1 &lt; 2, <b>says</b> he</p>");
}

TEST(Html, ControlCharactersAreShown) {
  // An escape sequence, a mark that turns the writing direction, half a character.
  EXPECT_EQ(Html("\x1b[31m").source(), "\\x1b[31m");
  EXPECT_EQ(Html("a\u202eb").source(), "a\\u202eb");
  EXPECT_EQ(Html(std::string_view("a\0b", 3)).source(), "a\\x00b");
  EXPECT_EQ(Html("\xc3").source(), "\\xc3");
}

TEST(Html, LineEndsAndTabsStay) {
  EXPECT_EQ(Html("a\n\tb\r\nc\n").source(), "a\n\tb\nc\n");
  // The first line end after <pre> is the browser's.
  EXPECT_EQ(Element("pre", "\nx").source(), "<pre>\n\nx</pre>");
}

}  // namespace
}  // namespace lockstep
