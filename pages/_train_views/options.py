"""The options of the networks in plain words. One that is not listed here is offered under its own name."""

from typing import Any

WORDS = {
    "dropout": ("Dropout", "Share of the features that is switched off at random. More where Training is learnt by "
                "heart."),
    "dense_dropout": ("Dropout before the end", "The same for the dense layers, which learn by heart most easily."),
    "dense": ("Dense units", "Width of the hidden layer. Fewer make smaller weights and lose little."),
    "hidden": ("Dense units", "Width of the hidden layers after the pooling."),
    "norm": ("Batch norm", "Steadies training, so that higher rates go. The paper's network has none."),
    "width": ("Width", "Channels of the first stage, or their factor. Twice the width takes four times as long."),
    "depth": ("Depth", "Convolutions to a stage."),
    "weights": ("First weights", "From scratch, or trained on ImageNet's photographs: torchvision's, from this "
                "computer or downloaded."),
    "head": ("Last layers", "The original's dense layers, or an average that is a tenth of the size."),
    "pooling": ("Pooling", "What becomes of the last maps: which features occur together (covariance), the strongest, "
                "or the mean."),
    "fc_layers": ("Dense layers", "How many linear layers follow the pooling."),
    "channels": ("Channels before pooling", "Of the maps whose covariance is taken. Few, since few positions are "
                 "left."),
    "reduced": ("Sizes of the matrices", "The covariance is brought down to these, one after the other."),
    "clip": ("Head for videos", "Carries a second head that classifies a clip from its frames."),
    "widths": ("Widths", "Channels of each stage."),
    "pairs": ("Depth of the stages", "Residual pairs in each stage."),
    "drop_path": ("Stochastic depth", "Share of the deepest pairs that is skipped at random."),
}  # fmt: skip
VALUES = {
    "weights": ("none", "imagenet"),
    "head": ("dense", "pooled"),
    "pooling": ("covariance", "max", "mean"),
}
VALUE_WORDS = {"none": "from scratch", "imagenet": "ImageNet", "dense": "dense layers", "pooled": "average"}
SHARES = ("dropout", "dense_dropout", "drop_path")
HIDDEN = ("outputs",)  # the audit's own


def label(name: str) -> str:
    return WORDS[name][0] if name in WORDS else name.replace("_", " ").capitalize()


def written(value: Any) -> str:
    """A value as a person reads it."""
    if isinstance(value, bool):
        return "on" if value else "off"
    if isinstance(value, list | tuple):
        return ", ".join(str(part) for part in value)
    return VALUE_WORDS.get(value, value) if isinstance(value, str) else f"{value:g}"
