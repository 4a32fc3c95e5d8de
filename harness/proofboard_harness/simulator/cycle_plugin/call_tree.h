/* The tree of calls, and what was counted in each of its nodes.
 *
 * Calls are BL and BLX; a jump into another function is a tail call, whose frame goes with that of
 * its caller. A return is a jump to the return address of a frame. */
#ifndef PB_CYCLE_CALL_TREE_H
#define PB_CYCLE_CALL_TREE_H

#include "block.h"

#define PB_MAX_DEPTH 1024u
#define PB_NO_FUNCTION UINT32_MAX

typedef struct pb_node pb_node;

/* What one block cost in one node. */
typedef struct pb_cell pb_cell;
struct pb_cell {
    pb_node *node;
    pb_block *block;
    pb_cell *next;
    uint64_t executions, cycles, waits;
};

/* A function as called from one place of one caller. */
struct pb_node {
    pb_node *parent, *child, *sibling, *next; /* `next`: all nodes, the youngest first */
    uint32_t id, function, site;              /* `site`: address of the call */
    uint64_t calls;
    pb_cell *cells;
};

typedef struct {
    pb_node *node;
    uint32_t return_address;
    bool tail;
} pb_frame;

typedef struct {
    pb_frame frames[PB_MAX_DEPTH];
    uint32_t depth;
    pb_node *root, *nodes;
    uint32_t node_count;
} pb_call_tree;

void pb_call_tree_start(pb_call_tree *tree);

/* A call of `function` from `site`; beyond PB_MAX_DEPTH, the caller is charged for it. */
void pb_call_tree_call(pb_call_tree *tree, uint32_t function, uint32_t site,
                       uint32_t return_address);

/* A jump to `target`, a place in `function`. `returns` says that the instruction is one that
 * functions end with. */
void pb_call_tree_jump(pb_call_tree *tree, uint32_t function, uint32_t site, uint32_t target,
                       bool returns);

/* Charge a run of `block` to the function that runs. The tree must not be empty. */
void pb_call_tree_charge(pb_call_tree *tree, pb_block *block, uint32_t cycles, uint32_t waits);
#endif
