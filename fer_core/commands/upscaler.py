"""`upscaler train`: the network that enlarges faces four times, trained on a data set's own faces."""

import argparse
from dataclasses import asdict
from pathlib import Path
from typing import Any

from fer_core.commands.console import COUNT, SEED, Commands, Console


def register(commands: Commands) -> None:
    parser = commands.add("upscaler", _upscaler, "train the ESPCN that enlarges faces four times")
    parser.add_argument("action", choices=("train",))
    parser.add_argument("dataset", metavar="DATASET", help="learns from its Training split, is judged on PublicTest")
    parser.add_argument("--out", type=Path, default=Path("espcn.safetensors"), help="where the weights go")
    parser.add_argument("--epochs", type=COUNT, default=60)
    parser.add_argument("--seed", type=SEED, default=0)
    parser.add_argument("--threads", type=COUNT, help="cores to use (default: all but one)")


def _upscaler(arguments: argparse.Namespace, console: Console) -> dict[str, Any]:
    from fer_core.dataset.store import open_dataset
    from fer_core.errors import UsageError
    from fer_core.networks.tensors import write_tensors
    from fer_core.training.machine import default_device
    from fer_core.training.upscaler import UpscalerSettings, fidelity, train_upscaler, upscaler_rows
    from fer_core.work.threads import set_threads

    if arguments.out.is_dir():
        raise UsageError(f"--out {arguments.out} is a folder; name a file.")
    set_threads(arguments.threads)
    dataset = open_dataset(console.workspace, arguments.dataset)
    settings = UpscalerSettings(epochs=arguments.epochs, seed=arguments.seed)
    learn, judge = upscaler_rows(dataset)
    network = train_upscaler(dataset.images, learn, settings, device=default_device(), report=console.report)
    figures = fidelity(network, dataset.images, judge)
    document = {"dataset": dataset.name, "settings": asdict(settings), "learnt_from": len(learn), **asdict(figures)}
    write_tensors(arguments.out, network.state_dict(), document)
    console.say(f"{arguments.out}: learnt from {len(learn):,} faces of {dataset.name}. {figures.sentence}")
    return {"file": str(arguments.out), **document}
