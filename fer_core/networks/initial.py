"""How a fresh network begins: He's (2015) normal weights, no biases, and no opinion."""

from torch import nn


def initialise(network: nn.Module) -> None:
    """Set every convolution and linear layer of a network, in place; norms stay as torch makes them.

    The last linear layer begins at zero, so the network is undecided and its first loss is log 7.
    """
    layers = [layer for layer in network.modules() if isinstance(layer, nn.Conv2d | nn.Linear)]
    for layer in layers:
        nn.init.kaiming_normal_(layer.weight, nonlinearity="relu")
        if layer.bias is not None:
            nn.init.zeros_(layer.bias)
    last = [layer for layer in layers if isinstance(layer, nn.Linear)][-1]
    nn.init.zeros_(last.weight)
