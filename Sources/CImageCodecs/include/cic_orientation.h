/// The eight ways in which a picture may be stored.
#ifndef CIC_ORIENTATION_H
#define CIC_ORIENTATION_H

#include <stddef.h>
#include <stdint.h>

#pragma clang assume_nonnull begin

/// Copies pixels so that the picture stands upright. `orientation` is the value of the Exif tag 0x0112, 1 to 8; from 5 on
/// the upright picture is `height` wide and `width` high.
///
/// `width`, `height`: of the stored picture; `channels`: 1 to 4.
void cic_copy_upright(const uint8_t *stored, size_t width, size_t height, size_t channels, int orientation,
                      uint8_t *upright);

#pragma clang assume_nonnull end

#endif
