"""The house rules that a reader could check by eye: imports go one way, and the core does not know the screen."""

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
GROUND = ("__version__", "emotions", "errors", "files", "progress", "workspace", "snapshot", "database", "identity")
GROUND += ("work",)
FLOORS = (
    "dataset",
    "imaging",
    "networks",
    "evaluation",
    "training",
    "runs",
    "audit",
    "review",
    "prediction",
)
MODULES = sorted((ROOT / "fer_core").rglob("*.py"))


def imported_floors(path: Path) -> set[str]:
    """The floors of fer_core that a module imports, also inside functions."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text())):
        names = []
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module:
            names = [node.module] if node.module != "fer_core" else [f"fer_core.{alias.name}" for alias in node.names]
        found |= {name.split(".")[1] for name in names if name.startswith("fer_core.")}
    return found


def imported_modules(path: Path) -> set[Path]:
    """The files of this project that a module imports, also inside functions."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module:
            names = [node.module, *(f"{node.module}.{alias.name}" for alias in node.names)]
        else:
            continue
        for name in names:
            module = ROOT.joinpath(*name.split("."))
            found |= {file for file in (module.with_suffix(".py"), module / "__init__.py") if file.is_file()}
    # A package's face gathers its modules; a module that takes one from beside it does not ask the face.
    return found - {path, path.parent / "__init__.py"}


def floor_of(path: Path) -> str:
    parts = path.relative_to(ROOT / "fer_core").parts
    return parts[0].removesuffix(".py")


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(ROOT)))
def test_imports_go_one_way(path: Path) -> None:
    floor = floor_of(path)
    imports = imported_floors(path) - {floor}
    if floor in ("commands", "__main__", "__init__"):
        allowed = {*GROUND, *FLOORS, "jobs", "keeping", "commands"}
    elif floor == "keeping":  # knows every store of the workspace
        allowed = {*GROUND, *FLOORS, "jobs"}
    elif floor == "jobs" or floor in GROUND:
        allowed = {*GROUND}
    else:
        allowed = {*GROUND, *FLOORS[: FLOORS.index(floor)]}
    assert imports <= allowed, f"{path} reaches up to {imports - allowed}"


def test_no_imports_go_in_circles() -> None:
    imports = {path: imported_modules(path) for path in [*MODULES, *(ROOT / "pages").rglob("*.py"), ROOT / "app.py"]}
    while settled := [path for path, asked in imports.items() if not asked & imports.keys()]:
        for path in settled:
            del imports[path]
    assert not imports, f"a circle, or what is above one: {sorted(str(path.relative_to(ROOT)) for path in imports)}"


def test_evaluation_never_imports_training() -> None:
    for path in (ROOT / "fer_core" / "evaluation").rglob("*.py"):
        assert not {"training", "runs"} & imported_floors(path)


def test_the_core_does_not_know_the_screen() -> None:
    for path in MODULES:
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Import):
                assert not any(alias.name.split(".")[0] == "streamlit" for alias in node.names), path
            if isinstance(node, ast.ImportFrom):
                assert (node.module or "").split(".")[0] != "streamlit", path


def test_every_module_says_what_it_is_for() -> None:
    for path in [*MODULES, *(ROOT / "pages").rglob("*.py")]:
        text = path.read_text()
        assert not text.strip() or ast.get_docstring(ast.parse(text)), f"{path} has no docstring"
