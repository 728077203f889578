"""Whether a node sees the same folders as the machine that sends it work: one storage, mounted at one path."""

import platform
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from fer_core import __version__
from fer_core.errors import FerretError
from fer_core.files import temporary_path


@dataclass(frozen=True)
class Marks:
    """Files that a node must see, in the folders that it must share; and the program that it must be."""

    files: tuple[Path, ...]
    version: str = __version__

    def check(self) -> None:
        """Raises FerretError on a node that runs another version or does not see a folder."""
        if self.version != __version__:
            words = f"has FERret {__version__}, and the work is from {self.version}: install the same on every node"
            raise FerretError(f"The node {platform.node()} {words}.")
        for file in self.files:
            if not file.exists():
                raise FerretError(_unseen(file.parent))


def refuse_unseen(paths: Sequence[Path]) -> None:
    """FerretError on a node that does not see one of these files or folders, which the sender of the work sees."""
    for path in paths:
        if not path.exists():
            raise FerretError(_unseen(path))


def _unseen(path: Path) -> str:
    return (
        f"The node {platform.node()} does not see {path} as whoever sent the work does: mount the same storage at the "
        "same path on every node (docs/deploy.md), then run it again."
    )


@contextmanager
def marked(folders: Sequence[Path]) -> Iterator[Marks]:
    """Marks in the folders, while the block lasts."""
    with ExitStack() as stack:
        files = []
        for folder in folders:
            file = temporary_path(folder / "shared")
            file.touch()
            stack.callback(file.unlink, missing_ok=True)
            files.append(file)
        yield Marks(tuple(files))
