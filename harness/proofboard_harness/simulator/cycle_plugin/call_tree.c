#include "call_tree.h"

#include "memory_allocation.h"

static pb_node *new_node(pb_call_tree *tree, pb_node *parent, uint32_t function, uint32_t site) {
    pb_node *node = pb_allocate(1, sizeof *node);
    *node =
        (pb_node){.parent = parent, .function = function, .site = site, .id = tree->node_count++};
    node->next = tree->nodes;
    tree->nodes = node;
    if (parent != NULL) {
        node->sibling = parent->child;
        parent->child = node;
    }
    return node;
}

void pb_call_tree_start(pb_call_tree *tree) {
    tree->depth = 0;
    tree->nodes = NULL;
    tree->node_count = 0;
    tree->root = new_node(tree, NULL, PB_NO_FUNCTION, 0);
}

static pb_node *child_of(pb_call_tree *tree, pb_node *parent, uint32_t function, uint32_t site) {
    for (pb_node *node = parent->child; node != NULL; node = node->sibling) {
        if (node->function == function && node->site == site) {
            return node;
        }
    }
    return new_node(tree, parent, function, site);
}

static pb_frame *top(pb_call_tree *tree) {
    return &tree->frames[tree->depth - 1u];
}

static void push(pb_call_tree *tree, uint32_t function, uint32_t site, uint32_t return_address,
                 bool tail) {
    if (tree->depth == PB_MAX_DEPTH) {
        return;
    }
    pb_node *parent = tree->depth == 0 ? tree->root : top(tree)->node;
    pb_node *node = child_of(tree, parent, function, site);
    node->calls++;
    tree->frames[tree->depth++] = (pb_frame){node, return_address, tail};
}

void pb_call_tree_call(pb_call_tree *tree, uint32_t function, uint32_t site,
                       uint32_t return_address) {
    push(tree, function, site, return_address, false);
}

/* Leave the youngest frame that returns to `target`, and all above. */
static bool return_to(pb_call_tree *tree, uint32_t target) {
    for (uint32_t depth = tree->depth; depth > 0; depth--) {
        const pb_frame *frame = &tree->frames[depth - 1u];
        if (!frame->tail && frame->return_address == target) {
            tree->depth = depth - 1u;
            return true;
        }
    }
    return false;
}

/* Leave tail calls until the frame is one of `function`. */
static bool back_in(pb_call_tree *tree, uint32_t function) {
    for (uint32_t depth = tree->depth; depth > 0; depth--) {
        const pb_frame *frame = &tree->frames[depth - 1u];
        if (frame->node->function == function) {
            tree->depth = depth;
            return true;
        }
        if (!frame->tail) {
            return false;
        }
    }
    return false;
}

void pb_call_tree_jump(pb_call_tree *tree, uint32_t function, uint32_t site, uint32_t target,
                       bool returns) {
    if ((returns && return_to(tree, target)) || back_in(tree, function)) {
        return;
    }
    push(tree, function, site, 0, true);
}

static pb_cell *cell_of(pb_node *node, pb_block *block) {
    pb_cell *cached = block->cell;
    if (cached != NULL && cached->node == node) {
        return cached;
    }
    pb_cell *cell = node->cells;
    while (cell != NULL && cell->block != block) {
        cell = cell->next;
    }
    if (cell == NULL) {
        cell = pb_allocate(1, sizeof *cell);
        *cell = (pb_cell){.node = node, .block = block, .next = node->cells};
        node->cells = cell;
    }
    block->cell = cell;
    return cell;
}

void pb_call_tree_charge(pb_call_tree *tree, pb_block *block, uint32_t cycles, uint32_t waits) {
    pb_cell *cell = cell_of(top(tree)->node, block);
    cell->executions++;
    cell->cycles += cycles;
    cell->waits += waits;
}
