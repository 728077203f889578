"""What README and docs tell people to type works: their Python is run, and their commands, on a small demo.

And what they point to is there.
"""

import re
import shlex
from pathlib import Path
from uuid import uuid4

import pytest

from benchmarks import draw_proof, leaderboard
from fer_core.__main__ import main
from fer_core.audit.results import AuditSettings, latest_audit
from fer_core.audit.stages import run_audit
from fer_core.commands.console import Commands
from fer_core.dataset.demo import create_demo
from fer_core.dataset.demo.film import draw_film
from fer_core.dataset.store import open_dataset
from fer_core.dataset.version import as_imported, open_version
from fer_core.files import read_json
from fer_core.imaging.sample import sample_photo
from fer_core.review.events.log import VerdictLog
from fer_core.review.events.verdict import Verdict
from fer_core.runs.run import list_runs
from fer_core.workspace import REPOSITORY, Workspace

DOCS = REPOSITORY / "docs"
# In the order in which they are read, since the commands of all of them share one workspace.
STATIONS = ("README", "overview", "import", "audit", "review", "consensus", "train", "runs", "predict")
GUIDE = [DOCS / "guide" / f"{name}.md" for name in STATIONS]
TEXTS = [
    *(REPOSITORY / f"{name}.md" for name in ("README", "CHANGELOG", "CONTRIBUTING")),
    *sorted(DOCS.glob("*.md")),
    *GUIDE,
]
# Commands in the texts that are not run here, by their beginning, and why.
SKIPPED = {
    "app": "serves until it is stopped; tests/browser starts it",
    "audit": "asks networks, which takes minutes; tests/audit runs it with smaller ones",
    "train": "a whole training; tests/training runs short ones",
    "prove": "several trainings; tests/runs proves with tiny ones",
    "sweep": "many trainings; tests/training searches with tiny ones",
    "models export": "needs the packages for ONNX, which take seconds; tests/networks exports",
}


def blocks(language: str) -> list[tuple[str, str]]:
    """The code blocks of a language in all texts: the text's name, and what stands in them."""
    fence = re.compile(rf"^```{language}\n(.*?)^```", re.MULTILINE | re.DOTALL)
    return [(text.name, block) for text in TEXTS for block in fence.findall(text.read_text(encoding="utf-8"))]


def commands() -> list[str]:
    """Every line `ferret ...` or `python -m fer_core ...` of the shell blocks, without these words and its remark."""
    found = []
    for _, block in blocks("(?:sh|bash|console)"):
        for line in block.replace("\\\n", " ").splitlines():
            match = re.match(r"(?:\$ )?(?:ferret|(?:\S*/)?python3? -m fer_core) (.*)", line)
            if match:
                found.append(shlex.join(shlex.split(match[1], comments=True)))
    return list(dict.fromkeys(found))


def why_skipped(command: str) -> str | None:
    return next((why for begin, why in SKIPPED.items() if command.startswith(f"{begin} ")), None)


@pytest.fixture(scope="module")
def notebook(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder in which the Python of the texts was run, with what people bring to it."""
    folder = tmp_path_factory.mktemp("notebook")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        for name, block in blocks("python"):
            exec(compile(block, name, "exec"), {})  # noqa: S102 - our own text
        assert main(["export", "faces", "fer2013.csv"]) == 0
    _what_people_bring(folder)
    _demo_as_reviewed(Workspace(folder / "data"))
    return folder


def _what_people_bring(folder: Path) -> None:
    """A photo, photos in class folders, and a video."""
    photos = [folder / "photo.jpg", folder / "photos" / "happy" / "a.jpg", folder / "photos" / "neutral" / "b.jpg"]
    for photo in photos:
        photo.parent.mkdir(parents=True, exist_ok=True)
        photo.write_bytes(sample_photo())
    draw_film(folder / "lesson.mp4", seconds=2, people=1, width=640, height=360)


def _demo_as_reviewed(workspace: Workspace) -> None:
    """The demo that `make app` has drawn, but small, and with two people's answers to some of its faces."""
    demo = create_demo(workspace, "demo", images=140)
    answers = [(row, person) for row in range(20) for person in ("ada", "bob")]
    verdicts = [
        Verdict(
            str(uuid4()), "answer", "demo", demo.hash, row, demo.table["content"][row], person, 1, "happy",
            "2026-01-01T12:00:00+00:00",
        )
        for row, person in answers
    ]  # fmt: skip
    assert not VerdictLog(workspace.labels_db).record(demo, verdicts).refused


def test_the_loop_in_python_runs_as_it_stands(notebook: Path) -> None:
    workspace = Workspace(notebook / "data")
    version = open_version(workspace, "faces@clean")
    assert len(version.rows(0)) < len(as_imported(version.dataset).rows(0))
    runs = list_runs(workspace)
    assert {run.version for run in runs} == {"faces", "faces@clean"} and {run.status for run in runs} == {"done"}


def test_the_commands_run_in_their_order(notebook: Path, monkeypatch, capsys) -> None:
    monkeypatch.chdir(notebook)
    workspace = Workspace(notebook / "data")
    runs = [run.id for run in list_runs(workspace)]
    for command in commands():
        if why_skipped(command):
            if command.startswith("audit "):  # what comes after it needs an audit, by pixels at least
                dataset = open_dataset(workspace, shlex.split(command)[1])
                if latest_audit(dataset) is None:
                    run_audit(as_imported(dataset), AuditSettings(labels=False))
            continue
        for run in runs:
            command = re.sub(r"\bRUN\b", run, command, count=1)
        assert main(shlex.split(command)) == 0, f"{command}: {capsys.readouterr().err}"
    assert (notebook / "suspects.csv").exists()


@pytest.mark.parametrize("command", [command for command in commands() if why_skipped(command)])
def test_commands_that_are_not_run_exist(command: str, monkeypatch) -> None:
    add = Commands.add
    monkeypatch.setattr(Commands, "add", lambda self, name, run, summary: add(self, name, lambda *_: None, summary))
    assert main(shlex.split(command)) == 0


def test_no_reason_for_skipping_outlives_its_command() -> None:
    assert all(any(command.startswith(f"{begin} ") for command in commands()) for begin in SKIPPED)


def targets(text: Path) -> list[str]:
    """What a text links to or shows, without what lies on other machines and without anchors."""
    found = re.findall(r"!?\[[^\]]*\]\(([^)\s]+)\)", text.read_text(encoding="utf-8"))
    return [target.partition("#")[0] for target in found if "://" not in target and not target.startswith("#")]


@pytest.mark.parametrize("text", TEXTS, ids=lambda text: str(text.relative_to(REPOSITORY)))
def test_links_and_pictures_are_there(text: Path) -> None:
    missing = [target for target in targets(text) if not (text.parent / target).exists()]
    assert not missing
    assert not re.search(r"!\[\s*\]\(", text.read_text(encoding="utf-8")), "a picture without words"


def test_what_is_made_from_stored_figures_is_made_from_them() -> None:
    found = read_json(draw_proof.FOLDER / "fer2013.json")
    drawn = draw_proof.drawing(draw_proof.points_of(found), found[0]["tests"][-1])
    assert (DOCS / "images" / "cleaning.svg").read_text(encoding="utf-8") == drawn
    rows = [read_json(file) for file in sorted(leaderboard.FOLDER.glob("*.json"))]
    assert rows
    assert (DOCS / "leaderboard.md").read_text(encoding="utf-8") == leaderboard.table_text(rows)


def test_what_the_readme_says_of_the_proof_is_what_was_measured() -> None:
    """Each difference with its interval, in the order of the text; by votes, and the last two by given labels."""
    text = (REPOSITORY / "README.md").read_text(encoding="utf-8").split("## Does it help?")[1].split("\n## ")[0]
    number = r"-?\d*\.\d"
    said = re.findall(rf"({number})\s(?:points, 95 %: |\()({number}) to\s({number})", text)
    found = {(one["reviews"], one["order"]): one["tests"] for one in read_json(draw_proof.FOLDER / "fer2013.json")}
    against = "suspects against random"
    expected = [
        (3000, "suspects", "accuracy"), (3000, "suspects", "macro-F1"),
        (3000, "random", "accuracy"), (3000, "random", "macro-F1"),
        (3000, against, "accuracy"), (3000, against, "macro-F1"),
        (10000, "suspects", "macro-F1"), (10000, "random", "macro-F1"),
        (1000, "suspects", "macro-F1"), (1000, "suspects", "accuracy"),
    ]  # fmt: skip
    figures = [found[reviews, order][1]["figures"][name] for reviews, order, name in expected]
    figures += [found[reviews, "suspects"][0]["figures"]["macro-F1"] for reviews in (3000, 10000)]
    assert [tuple(map(float, one)) for one in said] == [
        tuple(round(100 * value, 1) for value in (figure["difference"], *figure["interval"])) for figure in figures
    ]


def test_every_page_of_the_guide_is_linked_and_every_picture_shown() -> None:
    shown = {(text.parent / target).resolve() for text in TEXTS for target in targets(text)}
    assert set((DOCS / "guide").glob("*.md")) == set(GUIDE)
    assert not [str(file) for file in (*GUIDE, *(DOCS / "images").iterdir()) if file not in shown]
