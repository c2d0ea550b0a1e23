/// LMDB's own library, which writes the databases that the tests read.
#include <lmdb.h>
