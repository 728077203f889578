"""The folder that holds everything a user makes: data sets, verdicts, jobs, runs."""

from dataclasses import dataclass
from pathlib import Path

from fer_core.errors import InputRefused
from fer_core.files import check_name

_HERE = Path(__file__).resolve().parent
_INSTALLED = _HERE / "_app"  # where an installed package keeps what stands beside fer_core in a checkout
REPOSITORY = _INSTALLED if _INSTALLED.is_dir() else _HERE.parent
SHIPPED_MODELS = REPOSITORY / "models"


@dataclass(frozen=True)
class Workspace:
    """Every path in the workspace comes from here; names given by people are checked before they become paths."""

    root: Path

    @property
    def labels_db(self) -> Path:
        """The verdict log. In a file of its own, away from job chatter."""
        return self.root / "labels.db"

    @property
    def leases_db(self) -> Path:
        """Who holds which pictures at the moment. Nothing is lost with it."""
        return self.root / "leases.db"

    @property
    def jobs_db(self) -> Path:
        return self.root / "jobs.db"

    @property
    def datasets(self) -> Path:
        return self.root / "datasets"

    @property
    def runs(self) -> Path:
        return self.root / "runs"

    def dataset(self, name: str) -> Path:
        return child(self.datasets, name, "data set")

    def run(self, run_id: str) -> Path:
        return child(self.runs, run_id, "run")


def child(folder: Path, name: str, what: str) -> Path:
    """`folder/name` for a name that somebody typed: checked, and never outside `folder`, also not by a link."""
    path = folder / check_name(name, what)
    if path.is_symlink() and not path.resolve().is_relative_to(folder.resolve()):
        raise InputRefused(f"{what} {name!r} is a link that leads out of the workspace; it is not followed.")
    return path
