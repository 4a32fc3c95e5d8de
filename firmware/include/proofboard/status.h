/* What a function that can be called wrongly answers. */
#ifndef PROOFBOARD_STATUS_H
#define PROOFBOARD_STATUS_H

typedef enum { PB_OK = 0, PB_BAD_ARGUMENT = 1 } pb_status;

#endif
