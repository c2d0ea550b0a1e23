/// JPEG XL without loss, by libjxl.
#ifndef CIC_JXL_H
#define CIC_JXL_H

#include "cic_status.h"

#pragma clang assume_nonnull begin

/// Decodes a still picture of 8 bits to gray (1 channel) or RGB (3 channels), rows from the top, channels last. Others are
/// unsupported.
cic_status cic_jxl_decode(const uint8_t *bytes, size_t count, cic_limits limits, cic_image_info *info,
                          cic_buffer *pixels, char *message);

enum { CIC_JXL_MOST_EFFORT = 9 };

/// Encodes 8-bit pixels without loss as a bare codestream, `info.channels` 1 or 3, with libjxl's effort 1 (fast) to
/// CIC_JXL_MOST_EFFORT (small). Of pictures on which libjxl 0.7 might end the process beyond 7, 7 is taken.
cic_status cic_jxl_encode(cic_image_info info, const uint8_t *pixels, int effort, cic_buffer *output, char *message);

#pragma clang assume_nonnull end

#endif
