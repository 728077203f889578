"""`models`: what can be asked, and handing a model on."""

import argparse
from pathlib import Path
from typing import Any

from fer_core.commands.console import Commands, Console


def register(commands: Commands) -> None:
    parser = commands.add("models", run_models, "list the models that can be asked, or export one as ONNX")
    parser.add_argument("action", nargs="?", choices=("list", "export"), default="list")
    parser.add_argument("name", nargs="?", help="to export: a run's id, or a model that ships")
    parser.add_argument("--onnx", type=Path, metavar="FILE", help="where the ONNX file goes")


def run_models(arguments: argparse.Namespace, console: Console) -> Any:
    from fer_core.errors import UsageError
    from fer_core.prediction.models import list_choices

    if arguments.action == "list":
        choices = list_choices(console.workspace)
        for choice in choices:
            console.say(f"{choice.name}: {choice.origin}")
        return [{"name": choice.name, "kind": choice.kind, "file": str(choice.path)} for choice in choices]
    if not arguments.name or not arguments.onnx:
        raise UsageError("Say `models export RUN --onnx FILE.onnx`.")
    return _export(arguments.name, arguments.onnx, console)


def _export(name: str, path: Path, console: Console) -> dict[str, Any]:
    from fer_core.networks.onnx_file import export_onnx
    from fer_core.networks.weights import load_model
    from fer_core.prediction.models import choose

    ships = name in {choice.stem for choice in _shipped()}
    choice = choose(console.workspace, model=name) if ships else choose(console.workspace, run=name)
    difference = export_onnx(load_model(choice.path), path)
    size = path.stat().st_size
    console.say(f"{path}: {name} as ONNX, {size / 1e6:.1f} MB; probabilities agree with PyTorch's to {difference:.1g}.")
    return {"file": str(path), "model": name, "bytes": size, "difference": difference}


def _shipped() -> list[Path]:
    from fer_core.workspace import SHIPPED_MODELS

    return sorted(SHIPPED_MODELS.glob("*.safetensors"))
