/// The umbrella header: PNG, JPEG, WebP and JPEG XL to pixels and back, gzip to bytes, checksums; every buffer whole and in memory.
#ifndef C_IMAGE_CODECS_H
#define C_IMAGE_CODECS_H

#include "cic_crc.h"
#include "cic_gzip.h"
#include "cic_jpeg.h"
#include "cic_jxl.h"
#include "cic_orientation.h"
#include "cic_png.h"
#include "cic_status.h"
#include "cic_webp.h"

#endif
