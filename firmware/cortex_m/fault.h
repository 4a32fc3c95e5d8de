/* A crash is reported over the link, not left as silence. */
#ifndef PROOFBOARD_FAULT_H
#define PROOFBOARD_FAULT_H

/* Vector of every exception that must not happen. */
void pb_fault_entry(void);

#endif
