"""What this computer is and what runs on it: stored with every run, printed by every benchmark."""

import os
import platform
import subprocess
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import Any

import torch

from fer_core import __version__
from fer_core.workspace import REPOSITORY

PACKAGES = ("torch", "torchvision", "numpy", "pandas", "pyarrow", "scikit-learn", "safetensors", "pillow")
TOLD_FLAGS = ("avx2", "fma", "avx512f", "avx512_bf16", "avx512_vnni", "amx_bf16")


def default_device() -> str:
    """CUDA where there is one, else MPS, else the processor."""
    if torch.cuda.is_available():
        return "cuda"
    return "mps" if torch.backends.mps.is_available() else "cpu"


def bfloat16_pays(device: str) -> bool:
    """Whether this device multiplies bfloat16 faster than float32; elsewhere it is emulated and slower."""
    if device.startswith("cuda"):
        return torch.cuda.is_bf16_supported()
    return bool({"avx512_bf16", "amx_bf16"} & set(cpu()["flags"]))


@cache
def cpu() -> dict[str, Any]:
    """The processor's name, its cores, and those of its flags that matter to training."""
    name, flags = platform.processor() or platform.machine(), set[str]()
    info = Path("/proc/cpuinfo")
    if info.exists():
        fields = dict(line.split(":", 1) for line in info.read_text().split("\n\n", 1)[0].splitlines() if ":" in line)
        fields = {key.strip(): value.strip() for key, value in fields.items()}
        name = fields.get("model name", name)
        flags = set(fields.get("flags", "").split())
    return {"name": name, "cores": os.cpu_count(), "flags": [flag for flag in TOLD_FLAGS if flag in flags]}


def git_commit() -> str | None:
    """The checked-out commit, with `+` when files differ from it; None outside a repository."""
    try:
        told = subprocess.run(
            ["git", "describe", "--always", "--abbrev=40", "--dirty=+", "--exclude=*"],
            cwd=REPOSITORY,
            capture_output=True,
            text=True,
            timeout=10,
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    return told.stdout.strip() or None


def environment(device: str, threads: int, precision: str) -> dict[str, Any]:
    """The part of run.json that says what the run ran on."""
    return {
        "device": torch.cuda.get_device_name() if device.startswith("cuda") else device,
        "precision": precision,
        "threads": threads,
        "cpu": cpu(),
        "system": platform.platform(),
        "python": platform.python_version(),
        "ferret": __version__,
        "packages": {package: version(package) for package in PACKAGES},
        "git_commit": git_commit(),
    }
