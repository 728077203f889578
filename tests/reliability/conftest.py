"""Programs that are run and killed, a disk that fills up, and the figures that docs/reliability.md is made of."""

import json
import os
import resource
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

import pytest
from learnable import bar_images, bars, tiny  # noqa: F401 - fixtures

from fer_core.workspace import REPOSITORY


@pytest.fixture
def run() -> Callable[..., object]:
    """`run(PROGRAM, ARGUMENTS...)` runs a program of this folder and gives what it printed."""

    def program(name: str, *arguments: object) -> object:
        command = [sys.executable, Path(__file__).with_name(name), *map(str, arguments)]
        environment = {**os.environ, "PYTHONPATH": str(REPOSITORY)}
        done = subprocess.run(command, env=environment, stdout=subprocess.PIPE, check=True)
        return json.loads(done.stdout)

    return program


@pytest.fixture
def figures(record_property: Callable[[str, object], None]) -> Callable[..., None]:
    """`figures(kills=20, worst_ms=3.5)`: what a test counted and measured, kept by `benchmarks.reliability`."""

    def keep(**values: float) -> None:
        for name, value in values.items():
            record_property(name, value)

    return keep


@pytest.fixture
def full_at() -> Callable[[int], AbstractContextManager[None]]:
    """`with full_at(BYTES):` no file of this program grows beyond that: a full disk for programs without root."""

    @contextmanager
    def limited(size: int) -> Iterator[None]:
        soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
        resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
        try:
            yield
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))

    return limited


class SmallDisk:
    """A disk of its own; `with disk.left(BYTES):` so much of it is free."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    @contextmanager
    def left(self, size: int) -> Iterator[None]:
        ballast = self.folder / "ballast"
        free = os.statvfs(self.folder)
        ballast.write_bytes(bytes(max(0, free.f_bavail * free.f_frsize - size)))
        try:
            yield
        finally:
            ballast.unlink()


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[SmallDisk]:
    """24 MB in memory, mounted for one test; only root may."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=24m", "tmpfs", str(folder)]
    if os.geteuid() or subprocess.run(mount, capture_output=True, check=False).returncode:
        pytest.skip("Only root can mount a small disk; the test with a limit on files runs instead.")
    yield SmallDisk(folder)
    subprocess.run(["umount", "--lazy", str(folder)], check=True)
