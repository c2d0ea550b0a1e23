/// WebP, by libwebp.
#ifndef CIC_WEBP_H
#define CIC_WEBP_H

#include "cic_status.h"

#pragma clang assume_nonnull begin

/// Reads the chunks before the pixel data. `info` is filled on success, and its size on CIC_TOO_LARGE as well.
cic_status cic_webp_read_info(const uint8_t *bytes, size_t count, cic_limits limits, cic_image_info *info,
                              char *message);

/// Decodes a still picture, lossy or lossless, to RGB (3 channels) or, where it has an alpha channel, RGBA (4),
/// rows from the top, channels last. A file shorter than its header says is an error.
cic_status cic_webp_decode(const uint8_t *bytes, size_t count, cic_limits limits, cic_image_info *info,
                           cic_buffer *pixels, char *message);

/// Encodes RGB pixels without loss, exactly, with libwebp's effort 0 (fast) to 9 (small).
cic_status cic_webp_encode(const uint8_t *pixels, int32_t width, int32_t height, int effort, cic_buffer *output,
                           char *message);

#pragma clang assume_nonnull end

#endif
