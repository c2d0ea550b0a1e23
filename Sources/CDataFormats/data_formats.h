/// The C libraries that data sets are read with: libzip (npz, zip), libarchive (tar) and libmd (published MD5 checksums, SHA-256).
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include <archive.h>
#include <archive_entry.h>
#include <md5.h>
#include <zip.h>
#include <sha2.h>
