"""Pruning of neurons and channels, and low-rank first layers.

Neurons go by torch-pruning, whose dependency graph takes a neuron out of every layer that knows of it (G. Fang et al.,
"DepGraph: towards any structural pruning", CVPR 2023, arXiv:2301.12900), the weakest by the norm of all weights that
belong to it first. Low rank by singular values: E. Denton et al., NIPS 2014 (arXiv:1404.0736).
"""

from __future__ import annotations

import torch
import torch_pruning
from torch import nn

from .student import Student


def prune_channels(student: Student, patch: int, keep: int) -> None:
    """Take the weakest channels of the first layer out of `student`, in place, until `keep` are left.

    Args:
        patch: features of one place.
    """
    first = student.factors[-1]
    assert isinstance(first, nn.Linear)
    if keep >= first.out_features:
        return
    others = [layer for layer in (*student.factors[:-1], *student.head) if isinstance(layer, nn.Linear)]
    pruner = torch_pruning.pruner.BasePruner(
        student,
        torch.zeros(1, 1, patch),
        importance=torch_pruning.importance.GroupMagnitudeImportance(p=2),
        pruning_ratio_dict={first: 1 - keep / first.out_features},
        pruning_ratio=0.0,
        ignored_layers=others,
    )
    pruner.step()
    for parameter in student.parameters():
        parameter.grad = None


def factorise(layer: nn.Linear, rank: int) -> tuple[nn.Linear, nn.Linear]:
    """Two layers whose product is the best approximation of `layer`'s weights of that rank (Eckart–Young)."""
    left, values, right = torch.linalg.svd(layer.weight.detach(), full_matrices=False)
    rank = min(rank, len(values))
    root = values[:rank].sqrt()
    first, second = nn.Linear(layer.in_features, rank), nn.Linear(rank, layer.out_features)
    first.weight.data, first.bias.data = root[:, None] * right[:rank], torch.zeros(rank)
    second.weight.data, second.bias.data = left[:, :rank] * root, layer.bias.detach().clone()
    return first, second
