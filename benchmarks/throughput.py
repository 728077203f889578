"""Training speed of `shallow`: ours against the loop that everybody writes first.

    python -m benchmarks.throughput [--threads 2] [--sizes 48 224] [--repeats 5]

Ours: uint8 images in memory, batches augmented as tensors, bfloat16 where the processor has it, channels last. Plain:
a DataLoader that opens each image with Pillow, flips and resizes it one by one, and a float32 loop. Both train on
random images with the same network and batch, turn by turn in one process; printed are images per second, optimiser
step included, as median (lowest to highest) over the repeats.
"""

import argparse
import json
import statistics
import time

import numpy as np
import torch
from PIL import Image
from torch.nn import functional as F
from torch.utils.data import DataLoader, Dataset
from torchvision import transforms

from fer_core.networks.registry import build_network
from fer_core.training.loop import Training
from fer_core.training.machine import cpu
from fer_core.training.recipe import Recipe, load_recipe
from fer_core.work.threads import set_threads


class Ours:
    """The steps of `fit`, without its bookkeeping."""

    def __init__(self, images: np.ndarray, labels: np.ndarray, recipe: Recipe) -> None:
        self.pixels, self.labels = torch.from_numpy(images), torch.from_numpy(labels)
        self.training = Training(recipe.changed(epochs=10_000), len(images), seed=0)
        self.batch = recipe.batch

    def run(self, steps: int) -> None:
        for _ in range(steps):
            chosen = torch.randint(len(self.pixels), (self.batch,))
            self.training.advance(self.pixels[chosen], self.labels[chosen])


class Plain(Dataset):
    """Pillow, transforms, DataLoader, float32."""

    def __init__(self, images: np.ndarray, labels: np.ndarray, recipe: Recipe) -> None:
        self.images, self.labels = images, labels
        size = recipe.size
        self.transform = transforms.Compose(
            [
                transforms.RandomHorizontalFlip(),
                transforms.RandomAffine(0, translate=(0.06, 0.06)),
                transforms.Resize((size, size)),
                transforms.ToTensor(),
                transforms.Normalize(0.5077, 0.2550),
            ]
        )
        self.module = build_network("shallow", size)
        self.optimiser = torch.optim.Adam(self.module.parameters(), 1e-3)
        self.loader = DataLoader(self, recipe.batch, shuffle=True)

    def __len__(self) -> int:
        return len(self.images)

    def __getitem__(self, row: int) -> tuple[torch.Tensor, int]:
        return self.transform(Image.fromarray(self.images[row])), int(self.labels[row])

    def run(self, steps: int) -> None:
        for _, (pixels, labels) in zip(range(steps), self.loader, strict=False):
            loss = F.cross_entropy(self.module(pixels), labels)
            self.optimiser.zero_grad()
            loss.backward()
            self.optimiser.step()
            loss.item()


def measure(loop: Ours | Plain, steps: int, batch: int) -> float:
    """Images per second over so many steps."""
    started = time.perf_counter()
    loop.run(steps)
    return steps * batch / (time.perf_counter() - started)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--threads", type=int)
    parser.add_argument("--sizes", type=int, nargs="+", default=[48, 224])
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--recipe", default="quick")
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    threads = set_threads(arguments.threads)
    rng = np.random.default_rng(0)
    images, labels = rng.integers(0, 256, (8192, 48, 48), np.uint8), rng.integers(0, 7, 8192)
    results = []
    for size in arguments.sizes:
        recipe = load_recipe(arguments.recipe).changed(size=size)
        steps = max(3, 4000 // recipe.batch) if size <= 64 else 3
        loops = {"ours": Ours(images, labels, recipe), "plain": Plain(images, labels, recipe)}
        rates: dict[str, list[float]] = {name: [] for name in loops}
        for loop in loops.values():
            loop.run(2)
        for _ in range(arguments.repeats):
            for name, loop in loops.items():
                rates[name].append(measure(loop, steps, recipe.batch))
        for name, values in rates.items():
            results.append(
                {"size": size, "loop": name, "median": statistics.median(values), "all": values, "batch": recipe.batch}
            )
    if arguments.json:
        print(json.dumps({"cpu": cpu(), "threads": threads, "torch": torch.__version__, "results": results}))
        return
    print(f"{cpu()['name']}, {threads} threads, flags {' '.join(cpu()['flags'])}, torch {torch.__version__}")
    for line in results:
        spread = f"{min(line['all']):,.0f} to {max(line['all']):,.0f}, n = {len(line['all'])}"
        print(f"shallow at {line['size']}, {line['loop']}: {line['median']:,.0f} images/s ({spread})")


if __name__ == "__main__":
    main()
