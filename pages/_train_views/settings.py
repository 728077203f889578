"""Every setting of a recipe in plain words: its label, what it does and when to change it, its sensible range."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from fer_core.imaging.resizing import RESIZES
from fer_core.training.recipe import BALANCES, OPTIMISERS, PRECISIONS, SCHEDULES, Recipe


@dataclass(frozen=True)
class Setting:
    """One field of `Recipe` as a person meets it. A value outside its range, from a file, widens the range."""

    name: str
    label: str
    help: str  # what it does, and when to change it
    low: float = 0.0
    high: float = 1.0
    step: float = 0.01
    slider: bool = True  # else a number to type
    form: str | None = None  # how a number is written
    words: dict[str, tuple[str, str]] = field(default_factory=dict)  # of a choice: value to its name and a sentence
    matters: Callable[[Recipe], bool] = lambda recipe: True


def _share(name: str, label: str, help: str, high: float, **more: Any) -> Setting:
    return Setting(name, label, help, 0.0, high, 0.01, form="percent", **more)


def _degrees(name: str, label: str, help: str, high: float) -> Setting:
    return Setting(name, label, help, 0.0, high, 1.0, form="%d°")


def _whole(name: str, label: str, help: str, low: int, high: int, step: int = 1, **more: Any) -> Setting:
    return Setting(name, label, help, low, high, step, slider=False, **more)


def _number(name: str, label: str, help: str, high: float, step: float, **more: Any) -> Setting:
    return Setting(name, label, help, 0.0, high, step, slider=False, form="%g", **more)


OPTIMISER_WORDS = {
    "adam": ("Adam", "Gives every weight a pace of its own. Forgiving; a good first choice with rates about 0.001."),
    "adamw": ("AdamW", "Adam with a cleaner weight decay. The usual choice for short trainings."),
    "sgd": ("SGD", "The plain step with momentum. Wants a higher rate, about 0.01 to 0.1, and more epochs."),
    "nesterov": ("Nesterov", "SGD that looks ahead. What the strongest long trainings here use."),
    "adagrad": ("Adagrad", "Slows down for weights that have moved much. Stalls in long trainings."),
    "adadelta": ("Adadelta", "Adagrad with a short memory. Wants a rate about 1."),
    "rmsprop": ("RMSprop", "Divides each step by its recent size. Close to Adam without its first average."),
}
SCHEDULE_WORDS = {
    "constant": ("Constant", "The rate stays where it is. Simple, and rarely the best."),
    "one-cycle": ("One cycle", "Up to the peak, then straight down to zero. The quickest way to a good network."),
    "cosine": ("Cosine", "From the peak along a cosine to zero. The usual choice for long trainings."),
    "warm-restarts": ("Warm restarts", "Cosines one after the other, each twice as long as the last."),
    "step": ("Steps", "The rate drops by a factor every so many epochs."),
    "plateau": ("On a plateau", "The rate drops when PublicTest has not improved for a while."),
}
BALANCE_WORDS = {
    "none": ("As they are", "Every image counts once, so large classes count more."),
    "weights": ("Weigh the loss", "Mistakes on small classes cost more; nothing is shown twice."),
    "oversample": ("Show more often", "Images of small classes come up several times an epoch, augmented anew."),
    "augment": ("Turned copies", "The same, and the repeats are flipped both ways and turned by up to 45°."),
}
RESIZE_WORDS = {
    "bicubic": ("Bicubic", "Smooth and sharp; right for nearly everything."),
    "bilinear": ("Bilinear", "A little softer and a little faster."),
    "nearest": ("Nearest", "Repeats pixels: blocky, but invents nothing."),
    "espcn": ("ESPCN", "A small network that adds detail when enlarging. It is part of the paper's 224 pixels."),
}
PRECISION_WORDS = {
    "auto": ("Automatic", "bfloat16 where this machine multiplies it faster, else float32."),
    "float32": ("float32", "Exact to seven digits, at the machine's usual pace."),
    "bfloat16": ("bfloat16", "Exact to two or three digits. Faster on new hardware, slower where it is emulated."),
}

PICTURE = (
    _whole("size", "Input size", "Side of the pictures in pixels. Twice the side takes four times as long; the faces "
           "have 48 pixels, so a larger size adds none.", 8, 1024),
    _whole("crop", "Crop", "Side of the square that is cut from the face: at a random place in training, from the "
           "middle otherwise. 0 takes the whole face. 40 to 44 makes a network less sure of places.", 0, 48),
    Setting("resize", "Resizing", "How a picture comes to the input size. It matters where the two differ.",
            words=RESIZE_WORDS),
    Setting("equalise", "Equalise the light", "Spreads each picture's grey values from black to white. Helps where "
            "photos are dark or flat; takes a little of what shading tells."),
)  # fmt: skip
LEARNING = (
    Setting("optimiser", "Optimiser", "The rule by which the weights move.", words=OPTIMISER_WORDS),
    _number("learning_rate", "Learning rate", "How far a step goes, at its peak. The setting that matters most: ten "
            "times too high and it diverges, ten times too low and it crawls.", 10.0, 0.0005),
    _whole("batch", "Batch", "Images per step. Smaller learns more per epoch and takes longer; raise the rate with "
           "it.", 2, 4096, 16),
    Setting("schedule", "Schedule", "How the rate moves over the epochs; the curve shows it.", words=SCHEDULE_WORDS),
    _share("warmup", "Warm-up", "Share of the training in which the rate rises from zero. Longer for high rates and "
           "large batches.", 0.9),
    _whole("every", "Epochs between drops", "From one drop to the next; with warm restarts, of the first cycle.",
           1, 500, matters=lambda recipe: recipe.schedule in ("step", "warm-restarts")),
    Setting("factor", "Factor of a drop", "What a drop multiplies the rate by.", 0.05, 0.95, 0.05, form="%.2f",
            matters=lambda recipe: recipe.schedule in ("step", "plateau")),
    _whole("patience", "Patience", "Epochs without a better PublicTest accuracy until the rate drops.", 1, 100,
           matters=lambda recipe: recipe.schedule == "plateau"),
    Setting("balance", "Classes of Training", "What is done about large and small classes, within Training only.",
            words=BALANCE_WORDS),
    _share("label_smoothing", "Label smoothing", "Share of each label that is spread over the other classes. About a "
           "tenth makes a network less sure of itself, which wrong labels deserve.", 0.5),
    _share("momentum", "Momentum", "How much of the last step goes into the next. With Adam, how long it remembers "
           "the gradient's direction.", 0.99,
           matters=lambda recipe: recipe.optimiser not in ("adagrad", "adadelta")),
    _number("weight_decay", "Weight decay", "Pulls weights towards zero. More where Training is learnt by heart; "
            "never on biases and norms.", 1.0, 0.005),
    Setting("average", "Moving average", "Decay per step of the weights' average, which is what gets evaluated. 0.998 "
            "steadies short trainings; 0 evaluates the weights as they are.", 0.0, 0.9999, 0.001, slider=False,
            form="%.4f"),
    _number("clip", "Clip the gradient", "Holds the gradient's length to this. 1 to 5 rescues trainings whose loss "
            "jumps; 0 lets it be.", 100.0, 0.5),
    _whole("stop_after", "Stop early after", "Epochs without a better PublicTest accuracy until the training ends. 0 "
           "never stops early.", 0, 500),
)  # fmt: skip
AUGMENTATION = (
    Setting("flip", "Mirror half of them", "Left and right change places. Expressions have no side, so it is nearly "
            "free."),
    _share("shift", "Shift", "Up to this part of the side, each way. FER2013's faces are well centred; photos may not "
           "be.", 0.4),
    _degrees("rotation", "Turn", "Up to so many degrees, each way. 10 to 15 is what heads do.", 45.0),
    _degrees("shear", "Shear", "Slants the face by up to so many degrees. A rough stand-in for a turned head.", 45.0),
    _share("zoom", "Zoom", "Nearer or farther by up to this share.", 0.5),
    Setting("brightness", "Brightness", "Lighter or darker by up to so many standard deviations of the pixels.",
            0.0, 1.0, 0.05, form="%.2f"),
    _share("contrast", "Contrast", "Stronger or flatter by up to this share.", 0.9),
    _share("erase", "Blank a rectangle", "Share of the images that lose one. Makes a network look at the whole face.",
           1.0),
    Setting("mixup", "Blend two faces", "Mixup: 0.2 blends most pairs a little, 1 by any share. For long trainings of "
            "large networks; 0 never.", 0.0, 2.0, 0.1, form="%.1f"),
    Setting("cutmix", "Paste a piece of another", "CutMix: a rectangle comes from another face, and its share of the "
            "label with it. 1 takes any size; 0 never.", 0.0, 2.0, 0.1, form="%.1f"),
    _whole("plain_epochs", "Plain epochs at the end", "So many last epochs see undistorted faces, so that the network "
           "ends on what it will meet.", 0, 500),
)  # fmt: skip
COMPUTING = (
    Setting("precision", "Numbers", "How exactly it is computed.", words=PRECISION_WORDS),
    Setting("compile", "Compile the network", "By torch.compile: minutes at the start, faster afterwards on a GPU. On "
            "a processor it rarely pays."),
)  # fmt: skip
FREEZE = _whole(
    "freeze",
    "Frozen epochs",
    "So many first epochs train only what is new; what was trained elsewhere stays as it is. Only for a network that "
    "begins with weights from elsewhere.",
    0,
    500,
    matters=lambda recipe: recipe.freeze > 0 or recipe.options.get("weights", "none") != "none",
)
NETWORK = (FREEZE,)
CARD = (  # these stand on the card; here for their words where differences are told
    Setting("network", "Network", "What learns."),
    _whole("epochs", "Epochs", "How often every image is seen. More take longer and may fit the training images too "
           "closely.", 1, 1000),
)  # fmt: skip

GROUPS = {
    "Network": NETWORK,
    "Picture": PICTURE,
    "Learning": LEARNING,
    "Augmentation": AUGMENTATION,
    "Computing": COMPUTING,
}
SETTINGS = {setting.name: setting for group in (CARD, *GROUPS.values()) for setting in group}
CHOICES = {
    "optimiser": OPTIMISERS,
    "schedule": SCHEDULES,
    "balance": BALANCES,
    "resize": RESIZES,
    "precision": PRECISIONS,
}


def written(name: str, value: Any) -> str:
    """A value as a person reads it."""
    setting = SETTINGS.get(name)
    if isinstance(value, bool):
        return "on" if value else "off"
    if setting is not None and value in setting.words:
        return setting.words[value][0]
    if setting is not None and setting.form == "percent":
        return f"{value:.0%}"
    if setting is not None and setting.form == "%d°":
        return f"{value:g}°"
    return f"{value:g}" if isinstance(value, float) else str(value)
