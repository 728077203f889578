"""The optimisers of the VGG papers' grid, by the names of a recipe.

`momentum` is that of SGD and RMSprop and the first beta of Adam; Adagrad and Adadelta have none. Adadelta's rate is a
factor on steps that it scales itself: 1 is its authors' choice.
"""

import torch
from torch import nn

from fer_core.training.recipe import Recipe


def make_optimiser(module: nn.Module, recipe: Recipe) -> torch.optim.Optimizer:
    """The recipe's optimiser; weight decay on matrices and kernels only, never on biases and norms.

    Torch's fused or foreach variants, whichever it has: one kernel for all parameters instead of one each.
    """
    parameters = list(module.parameters())
    groups = [
        {"params": [p for p in parameters if p.ndim > 1], "weight_decay": recipe.weight_decay},
        {"params": [p for p in parameters if p.ndim <= 1], "weight_decay": 0.0},
    ]
    rate, momentum = recipe.learning_rate, recipe.momentum
    optim = torch.optim
    if recipe.optimiser in ("sgd", "nesterov"):
        # The fused one fails when some parameters make their first step later than others, as after freezing.
        fast = {"foreach": True} if recipe.freeze else {"fused": True}
        return optim.SGD(groups, rate, momentum=momentum, nesterov=recipe.optimiser == "nesterov", **fast)
    if recipe.optimiser == "adagrad":
        return optim.Adagrad(groups, rate, foreach=True)
    if recipe.optimiser == "adadelta":
        return optim.Adadelta(groups, rate, foreach=True)
    if recipe.optimiser == "rmsprop":
        return optim.RMSprop(groups, rate, momentum=momentum, foreach=True)
    kind = optim.AdamW if recipe.optimiser == "adamw" else optim.Adam
    return kind(groups, rate, betas=(momentum, 0.999), fused=True)
