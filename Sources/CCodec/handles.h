// What the handles of CCodec.h hold.
#pragma once

#include "CCodec.h"
#include "stack.h"

struct cc_stack {
  codec::Stack value;
};
