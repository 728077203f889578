"""Archives from strangers: whatever they claim, nothing is written outside the workspace and nothing is unpacked for
long; what is taken is faces."""

import threading
from collections import defaultdict
from pathlib import Path

import hostile_archives
import numpy as np
import pytest
from hostile_archives import KINDS, face, many_members

from fer_core.errors import FerretError
from fer_core.imaging.importing import import_any
from fer_core.workspace import Workspace

SEED = 2013
BUDGET = 20.0  # seconds for one archive; none takes one
# How many faces each kind of archive can hold at most.
MOST = defaultdict(lambda: 8, overlapping_zip=1001)


def outside(folder: Path, workspace: Workspace) -> dict[Path, bytes]:
    """Everything below `folder` that is not the workspace, with its content."""
    return {
        path: path.read_bytes() if path.is_file() else b""
        for path in folder.rglob("*")
        if workspace.root not in (path, *path.parents)
    }


def within_budget(work) -> object:  # type: ignore[no-untyped-def]
    """What `work` returns, or the exception that it raised; it must have come to its end in time."""
    found: list[object] = []

    def run() -> None:
        try:
            found.append(work())
        except BaseException as error:  # noqa: BLE001 - told to the caller, whatever it is
            found.append(error)

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    thread.join(BUDGET)
    assert found, f"not at its end after {BUDGET:.0f} s"
    return found[0]


@pytest.mark.parametrize(
    "numbers",
    [range(20), *(pytest.param(range(n, n + 20), marks=pytest.mark.slow) for n in range(20, 200, 20))],
    ids=lambda numbers: f"from-{numbers[0]}",
)
def test_hostile_archives_write_nothing_outside_and_end(numbers: range, workspace: Workspace, tmp_path: Path) -> None:
    good = face()
    taken = refused = 0
    for number in numbers:
        make, suffix = KINDS[number % len(KINDS)]
        path = tmp_path / f"{make.__name__}-{number}{suffix}"
        make(path, np.random.default_rng([SEED, number]))
        before = outside(tmp_path, workspace)
        found = within_budget(lambda: import_any(workspace, path, f"set{number}", mode="lenient"))  # noqa: B023
        assert outside(tmp_path, workspace) == before, path.name
        if isinstance(found, BaseException):
            assert isinstance(found, FerretError), f"{path.name}: {type(found).__name__}: {found}"
            assert not workspace.dataset(f"set{number}").exists()
            refused += 1
        else:
            dataset = found.dataset  # type: ignore[attr-defined]
            assert dataset.images.shape[1:] == (48, 48) and len(dataset) <= MOST[make.__name__], path.name
            taken += 1
    assert taken and refused and good == hostile_archives.face()


@pytest.mark.slow
def test_a_hundred_thousand_entries_end_in_time(workspace: Workspace, tmp_path: Path) -> None:
    many_members(tmp_path / "many.zip", np.random.default_rng(SEED), 100_000)
    found = within_budget(lambda: import_any(workspace, tmp_path / "many.zip", "many"))
    assert not isinstance(found, BaseException), found
    assert len(found.dataset) == 1  # type: ignore[attr-defined]
