"""A network that only answers, with fewer steps: each batch norm counted into the convolution in front of it."""

import copy
from itertools import pairwise

import torch
from torch import nn
from torch.nn.utils.fusion import fuse_conv_bn_eval


def folded(module: nn.Module) -> nn.Module:
    """A copy in eval mode that gives the same answers up to rounding, a face at a time in about 6/7 of the time.

    A batch norm is taken to follow the convolution that is registered right before it, as it does in every network of
    this package (tested). Convolutions keep their weights as the processor wants them.
    """
    copied = copy.deepcopy(module).eval()
    for parent in copied.modules():
        for (name, layer), (after, norm) in pairwise(list(parent.named_children())):
            if isinstance(layer, nn.Conv2d) and isinstance(norm, nn.BatchNorm2d):
                setattr(parent, name, fuse_conv_bn_eval(layer, norm))
                setattr(parent, after, nn.Identity())
    return copied.to(memory_format=torch.channels_last)
