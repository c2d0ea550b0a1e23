// What a program of this package does before anything else: see start.c. There is nothing to call.
#ifndef CSTART_H
#define CSTART_H
#endif
