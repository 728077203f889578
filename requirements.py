"""What the package asks for, read from the lists that `make app` installs: one source for both."""

from pathlib import Path
from typing import Any

from hatchling.metadata.plugin.interface import MetadataHookInterface


class Requirements(MetadataHookInterface):
    """Called by the build (pyproject.toml)."""

    def update(self, metadata: dict[str, Any]) -> None:
        metadata["dependencies"] = self._pinned("requirements.txt")
        metadata["optional-dependencies"] = {"extras": self._pinned("requirements-extras.txt")}

    def _pinned(self, name: str) -> list[str]:
        lines = (Path(self.root) / name).read_text(encoding="utf-8").splitlines()
        return [line.partition("#")[0].strip() for line in lines if line.partition("#")[0].strip()]
