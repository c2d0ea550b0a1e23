/// The checksum of PNG's chunks, by zlib.
#ifndef CIC_CRC_H
#define CIC_CRC_H

#include <stddef.h>
#include <stdint.h>

#pragma clang assume_nonnull begin

/// The CRC-32 of what `crc` is the checksum of (0 for nothing) followed by `bytes`.
uint32_t cic_crc32(uint32_t crc, const uint8_t *bytes, size_t count);

#pragma clang assume_nonnull end

#endif
