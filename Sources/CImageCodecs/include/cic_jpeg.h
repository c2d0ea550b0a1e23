/// JPEG, by libjpeg-turbo.
#ifndef CIC_JPEG_H
#define CIC_JPEG_H

#include "cic_status.h"

#pragma clang assume_nonnull begin

/// Reads the markers before the first scan. `info` is filled on success, and its size on CIC_TOO_LARGE as well.
cic_status cic_jpeg_read_info(const uint8_t *bytes, size_t count, cic_limits limits, cic_image_info *info,
                              char *message);

/// Decodes to gray (1 channel) or RGB (3 channels), rows from the top, channels last. CMYK and YCCK become RGB;
/// they count as inverted, with or without an Adobe marker, as other readers have it. Data lost inside a scan is an error, not a gray patch.
///
/// `reduction` is 1, 2, 4 or 8: as many pixels, across and down, become one, by an inverse DCT of fewer coefficients; at 8
/// brightness is the mean of each block. The pixels are then `ceil(width / reduction)` by `ceil(height / reduction)`,
/// and `info` has the size of the whole picture all the same.
cic_status cic_jpeg_decode(const uint8_t *bytes, size_t count, cic_limits limits, int reduction, cic_image_info *info,
                           cic_buffer *pixels, char *message);

/// Encodes 8-bit pixels, rows from the top, channels last, `info.channels` 1 or 3, with as many samples of color as of
/// brightness. `quality` is libjpeg's, 1 to 100.
cic_status cic_jpeg_encode(cic_image_info info, const uint8_t *pixels, int quality, cic_buffer *encoded,
                           char *message);

#pragma clang assume_nonnull end

#endif
