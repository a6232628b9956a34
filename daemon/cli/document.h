// The commands' JSON documents are read as all others are.
#pragma once

#include "base/document.h"
