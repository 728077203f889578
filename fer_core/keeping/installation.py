"""What is installed: versions, packages as they are pinned, extras that only some need, models."""

import importlib.metadata
import platform
import sqlite3
import sys
from collections.abc import Iterator

from fer_core import __version__
from fer_core.errors import UsageError
from fer_core.keeping.findings import BAD, GOOD, NOTE, Check
from fer_core.work.address import VARIABLE, cluster_address
from fer_core.workspace import REPOSITORY, SHIPPED_MODELS

SAFE_SQLITE = (3, 51, 3)  # before it, two connections of one process that write at once can damage a file; we keep one


def check_versions() -> Iterator[Check]:
    """FERret, Python, SQLite."""
    sqlite = tuple(map(int, sqlite3.sqlite_version.split(".")))
    old = sqlite < SAFE_SQLITE
    note = " (before 3.51.3: safe with one writing connection per process, as used here)" if old else ""
    yield Check("FERret", GOOD, f"{__version__} at {REPOSITORY}")
    yield Check(
        "Python",
        GOOD if sys.version_info >= (3, 11) else BAD,
        f"{platform.python_version()} on {platform.system()} {platform.machine()}",
    )
    yield Check("SQLite", NOTE if old else GOOD, sqlite3.sqlite_version + note)


def check_packages() -> Iterator[Check]:
    """Whether what requirements.txt pins is there in that version, and what is missing without the extras."""
    for requirement, name, pinned, _ in _requirements("requirements.txt"):
        found = _installed(name)
        if found is None:
            yield Check(name, BAD, "is missing", f"{sys.executable} -m pip install {requirement}")
        else:
            same = found.partition("+")[0] == pinned
            yield Check(name, GOOD if same else NOTE, found if same else f"{found}, tested with {pinned}")
    for requirement, name, _, purpose in _requirements("requirements-extras.txt"):
        found = _installed(name)
        mend = "" if found else f"{sys.executable} -m pip install {requirement}"
        words = f"{found} ({purpose})" if found else f"not installed, which is fine unless you want it ({purpose})"
        yield Check(name, GOOD if found else NOTE, words, mend)


def check_cluster() -> Iterator[Check]:
    """Where long work goes, if FER_CLUSTER says anything of it. The cluster itself is not asked."""
    try:
        address = cluster_address()
    except UsageError as error:
        yield Check("cluster", BAD, str(error), f"unset {VARIABLE}")
        return
    if address:
        ray = _installed("ray")
        words = f"long work goes to the Ray cluster at {address} ({VARIABLE})"
        yield Check("cluster", GOOD if ray else BAD, words + ("" if ray else ", and Ray is not installed"))


def check_models() -> Iterator[Check]:
    """The weights that ship."""
    models = sorted(SHIPPED_MODELS.glob("*.safetensors"))
    if not models:
        words = f"no weights in {SHIPPED_MODELS}: Predict has nothing to predict with"
        yield Check("models", BAD, words, f"git -C {REPOSITORY} checkout -- models")
    for path in models:
        yield Check(f"model {path.stem}", GOOD, f"{path.stat().st_size / 1e6:.1f} MB")


def _requirements(file: str) -> Iterator[tuple[str, str, str, str]]:
    """Of each line of a list of requirements: itself, name, pinned version, and what its comment says."""
    for line in (REPOSITORY / file).read_text(encoding="utf-8").splitlines():
        requirement, _, purpose = (part.strip() for part in line.partition("#"))
        if requirement:
            name, _, pinned = requirement.partition("==")
            yield requirement, name.partition("[")[0], pinned, purpose.rstrip(",")


def _installed(name: str) -> str | None:
    try:
        return importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        return None
