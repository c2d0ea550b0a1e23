/// PNG, by libpng.
#ifndef CIC_PNG_H
#define CIC_PNG_H

#include "cic_status.h"

#pragma clang assume_nonnull begin

/// Reads the chunks before the pixel data. `info` is filled on success, and its size on CIC_TOO_LARGE as well.
cic_status cic_png_read_info(const uint8_t *bytes, size_t count, cic_limits limits, cic_image_info *info,
                             char *message);

/// Decodes to 8 bits a channel, rows from the top, channels last. Palettes and bits below 8 are expanded,
/// transparency of any kind becomes an alpha channel, 16 bits are reduced to the high byte, gamma is left alone.
cic_status cic_png_decode(const uint8_t *bytes, size_t count, cic_limits limits, cic_image_info *info,
                          cic_buffer *pixels, char *message);

/// Encodes 8-bit pixels, rows from the top, channels last, `info.channels` in 1...4.
cic_status cic_png_encode(cic_image_info info, const uint8_t *pixels, cic_buffer *png, char *message);

#pragma clang assume_nonnull end

#endif
