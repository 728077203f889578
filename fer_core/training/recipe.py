"""Every knob of a training in one frozen record, stored with every run.

Recipes that ship are TOML files in `recipes/`; a file of one's own has the same keys (those of `Recipe`), each of them
optional but `name`.
"""

import dataclasses
import math
import tomllib
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from fer_core.dataset.store import SIDE
from fer_core.errors import InputRefused, NotFound
from fer_core.imaging.resizing import RESIZES

SHIPPED = Path(__file__).parent / "recipes"
DEFAULT = "quick"
OPTIMISERS = ("adam", "adamw", "sgd", "nesterov", "adagrad", "adadelta", "rmsprop")
SCHEDULES = ("constant", "one-cycle", "cosine", "warm-restarts", "step", "plateau")
PRECISIONS = ("auto", "float32", "bfloat16")
NO_BALANCE, WEIGHTS, OVERSAMPLE, AUGMENT = "none", "weights", "oversample", "augment"
BALANCES = (NO_BALANCE, WEIGHTS, OVERSAMPLE, AUGMENT)


@dataclass(frozen=True)
class Recipe:
    """How to train. Fractions are of the image side unless they say otherwise."""

    name: str
    note: str = ""  # where it comes from and what is assumed, in words
    network: str = "shallow"
    options: dict[str, Any] = field(default_factory=dict)  # of the network: dropout, widths
    freeze: int = 0  # epochs at the beginning in which what was trained elsewhere stays as it is

    # What the network sees: see `InputSpec`.
    size: int = 48  # input side in pixels
    crop: int = 0  # side of the crop that is taken, at a random place in training, from the middle otherwise; 0 = none
    resize: str = "bicubic"  # to the input side: of RESIZES
    equalise: bool = False  # spread each picture's grey values evenly

    # How it learns.
    epochs: int = 8
    batch: int = 128
    optimiser: str = "adamw"
    learning_rate: float = 1e-3  # the peak, where the schedule has one
    momentum: float = 0.9  # of SGD and RMSprop, and the first beta of Adam
    weight_decay: float = 0.0  # never on biases and norms
    schedule: str = "one-cycle"
    warmup: float = 0.2  # fraction of all steps until the peak
    every: int = 10  # epochs until a drop (step), or of the first cycle (warm-restarts; each twice as long)
    factor: float = 0.5  # what a drop multiplies the rate by (step, plateau)
    patience: int = 5  # epochs without a better PublicTest accuracy until the rate drops (plateau)
    stop_after: int = 0  # epochs without a better PublicTest accuracy until the training stops early; 0 = never
    clip: float = 0.0  # the gradient's norm is held to this; 0 = as it comes
    balance: str = NO_BALANCE  # classes of Training against each other, of BALANCES
    label_smoothing: float = 0.0
    average: float = 0.0  # decay per step of the weights' moving average, which is what gets evaluated; 0 = none

    # What is changed about the pictures before each step.
    flip: bool = True  # half of the images, horizontally
    shift: float = 0.0  # up to this fraction of the side, each way
    rotation: float = 0.0  # degrees, up to, each way
    shear: float = 0.0  # degrees, up to, each way
    zoom: float = 0.0  # scale drawn from 1 - zoom to 1 + zoom
    brightness: float = 0.0  # up to this many standard deviations of the pixels, added
    contrast: float = 0.0  # factor drawn from 1 - contrast to 1 + contrast
    erase: float = 0.0  # probability that a random rectangle is blanked
    mixup: float = 0.0  # Beta(a, a) of the shares in which two images are blended; 0 = never
    cutmix: float = 0.0  # Beta(a, a) of the share that a rectangle of another image replaces; 0 = never
    plain_epochs: int = 0  # at the end, without augmentation but the flip and the crop's place

    # How it is computed.
    precision: str = "auto"  # bfloat16 where the hardware multiplies it faster, else float32
    compile: bool = False  # by torch.compile: minutes at the start, faster afterwards on a GPU

    def __post_init__(self) -> None:
        problems = [
            (not 8 <= self.size <= 1024, "size must lie between 8 and 1024"),
            (self.epochs < 1, "epochs must be at least 1"),
            (self.batch < 2, "batch must be at least 2"),
            (self.optimiser not in OPTIMISERS, f"optimiser must be one of {', '.join(OPTIMISERS)}"),
            (self.schedule not in SCHEDULES, f"schedule must be one of {', '.join(SCHEDULES)}"),
            (self.balance not in BALANCES, f"balance must be one of {', '.join(BALANCES)}"),
            (self.resize not in RESIZES, f"resize must be one of {', '.join(RESIZES)}"),
            (self.crop and not 8 <= self.crop <= SIDE, f"crop must be 0 (none) or lie between 8 and {SIDE}"),
            (self.every < 1 or self.patience < 1, "every and patience must be at least 1 epoch"),
            (not 0 < self.factor < 1, "factor must lie between 0 and 1"),
            (min(self.freeze, self.stop_after, self.plain_epochs) < 0, "freeze, stop_after, plain_epochs: at least 0"),
            (
                min(self.clip, self.mixup, self.cutmix, self.weight_decay) < 0,
                "clip, mixup, cutmix, weight_decay: at least 0",
            ),
            (not 0 <= self.shear < 60, "shear must lie between 0 and 60 degrees"),
            (self.precision not in PRECISIONS, f"precision must be one of {', '.join(PRECISIONS)}"),
            (not 0 < self.learning_rate < math.inf, "learning_rate must be positive"),
            (not 0 <= self.momentum < 1, "momentum must lie in [0, 1)"),
            (self.optimiser == "nesterov" and not self.momentum, "nesterov needs a momentum above 0"),
            (not 0 <= self.average < 1, "average must lie in [0, 1)"),
            (not 0 <= self.warmup < 1, "warmup must lie in [0, 1)"),
            (not 0 <= self.label_smoothing < 1, "label_smoothing must lie in [0, 1)"),
            (not 0 <= self.erase <= 1, "erase must lie in [0, 1]"),
            (not 0 <= self.zoom < 1, "zoom must lie in [0, 1)"),
        ]
        for wrong, sentence in problems:
            if wrong:
                raise InputRefused(f"Recipe {self.name!r}: {sentence}.")

    def changed(self, **values: Any) -> "Recipe":
        """The same recipe with other values; those that are None stay as they are.

        Options belong to a network: another network begins without those of this one. Fewer epochs have fewer frozen
        ones at their beginning and fewer plain ones at their end, in proportion; else a short trial would never be
        unfrozen or augmented.
        """
        epochs = values.get("epochs")
        if epochs is not None and epochs < self.epochs:
            for some in ("freeze", "plain_epochs"):
                if values.get(some) is None:
                    values[some] = getattr(self, some) * epochs // self.epochs
        if values.get("network") not in (None, self.network):
            values.setdefault("options", {})
        return dataclasses.replace(self, **{key: value for key, value in values.items() if value is not None})

    def document(self) -> dict[str, Any]:
        """As it is stored in run.json."""
        return asdict(self)


def load_recipe(reference: str) -> Recipe:
    """A shipped recipe by name, or one of the user's own by a path that ends in `.toml`."""
    if reference.endswith(".toml"):
        path = Path(reference)
        if not path.is_file():
            raise NotFound(f"There is no recipe file {reference}.")
    else:
        path = SHIPPED / f"{reference}.toml"
        if reference not in shipped_recipes():
            known = ", ".join(shipped_recipes())
            raise NotFound(f"There is no recipe {reference!r} (there: {known}; a file of your own ends in .toml).")
    try:
        document = tomllib.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise InputRefused(f"{path}: not a TOML file ({error}).") from error
    return parse_recipe({"name": path.stem, **document}, str(path))


def parse_recipe(document: dict[str, Any], where: str) -> Recipe:
    """A recipe from its document; InputRefused names the key that is unknown or of the wrong kind."""
    fields = {field.name: field for field in dataclasses.fields(Recipe)}
    values: dict[str, Any] = {}
    for key, value in document.items():
        if key not in fields:
            raise InputRefused(f"{where}: a recipe has no {key!r} (it has: {', '.join(fields)}).")
        kind: Any = dict if key == "options" else fields[key].type
        value = float(value) if kind is float and type(value) is int else value
        if type(value) is not kind:
            raise InputRefused(f"{where}: {key} must be {kind.__name__}, not {value!r}.")
        values[key] = value
    return Recipe(**values)


def shipped_recipes() -> list[str]:
    """The names of the recipes that come with the program."""
    return sorted(path.stem for path in SHIPPED.glob("*.toml"))
