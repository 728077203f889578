"""Names, notes and file names from strangers: refused, or text that stays text and leads nowhere."""

import csv
import io
import json
import re
import zipfile
from collections.abc import Callable
from html.parser import HTMLParser
from pathlib import Path, PurePosixPath
from uuid import uuid4

import pytest
from hostile_archives import face
from hostile_text import FORMULAS, SCRIPTS, TRAVERSAL
from made_runs import make_run
from plotly.offline import get_plotlyjs
from streamlit.testing.v1 import AppTest

from fer_core.dataset.importing import import_dataset
from fer_core.dataset.store import Dataset, open_dataset
from fer_core.dataset.version import as_imported, open_version, store_version
from fer_core.errors import FerretError, InputRefused
from fer_core.identity import clean_name, login_name
from fer_core.prediction.answer import as_csv, refusal
from fer_core.prediction.models import choose
from fer_core.review.events.exchange import log_lines
from fer_core.review.events.log import VerdictLog
from fer_core.review.events.verdict import Verdict
from fer_core.review.queues.selections import load_selection
from fer_core.runs.notes import Notes, save_notes
from fer_core.runs.proof import open_proof
from fer_core.runs.report import Asked, html_report
from fer_core.runs.run import open_run
from fer_core.runs.trash import delete_run, restore_run
from fer_core.training.recipe import Recipe
from fer_core.training.recipe_files import read_upload, store_recipe
from fer_core.workspace import REPOSITORY, Workspace

Door = Callable[[Workspace, Dataset, str], object]
DOORS: dict[str, Door] = {
    "open a data set": lambda workspace, dataset, name: open_dataset(workspace, name),
    "import as": lambda workspace, dataset, name: import_dataset(workspace, dataset.path, name),
    "open a version": lambda workspace, dataset, name: open_version(workspace, f"{dataset.name}@{name}"),
    "a version's data set": lambda workspace, dataset, name: open_version(workspace, f"{name}@clean"),
    "store a version": lambda workspace, dataset, name: store_version(
        workspace, dataset, name, as_imported(dataset).manifest, {}
    ),
    "open a run": lambda workspace, dataset, name: open_run(workspace, name),
    "delete a run": lambda workspace, dataset, name: delete_run(workspace, name),
    "bring back a run": lambda workspace, dataset, name: restore_run(workspace, name),
    "open a proof": lambda workspace, dataset, name: open_proof(workspace, name),
    "open a selection": lambda workspace, dataset, name: load_selection(dataset, name),
    "choose a model": lambda workspace, dataset, name: choose(workspace, name),
    "keep a recipe": lambda workspace, dataset, name: store_recipe(workspace, Recipe(name)),
    "upload a recipe": lambda workspace, dataset, name: read_upload(f"{name}.toml", b"epochs = 1\n"),
}


NONE_SAID = {"open a version", "choose a model"}  # where no name at all is the usual one


def everything(folder: Path) -> dict[Path, int]:
    """All that is below a folder, with when it was changed."""
    return {path: path.stat().st_mtime_ns for path in folder.rglob("*")}


@pytest.mark.parametrize("door", DOORS)
@pytest.mark.parametrize("names", [TRAVERSAL, SCRIPTS], ids=["paths", "markup"])
def test_no_such_name_opens_or_makes_anything(
    door: str, names: list[str], demo: Dataset, workspace: Workspace, tmp_path: Path
) -> None:
    for folder in (tmp_path, workspace.root, workspace.runs, workspace.root / "proofs", demo.path / "versions"):
        folder.mkdir(exist_ok=True)
        (folder / "x").write_text("{}")
        (folder / "x.json").write_text("{}")
    before = everything(tmp_path)
    for name in names:
        if not name and door in NONE_SAID:
            continue
        with pytest.raises(FerretError):
            DOORS[door](workspace, demo, name)
    assert everything(tmp_path) == before


def test_names_of_people_are_refused_or_kept_letter_by_letter(demo: Dataset, workspace: Workspace) -> None:
    log, kept = VerdictLog(workspace.labels_db), []
    for row, text in enumerate((*SCRIPTS, *TRAVERSAL)):
        try:
            name = clean_name(text)
        except InputRefused:
            continue
        assert name == " ".join(text.split()) and name.isprintable()
        log.record(demo, [_answer(demo, row, name, comment=text[:200])])
        kept.append(name)
    assert len(kept) > 50
    history = log.history(demo)
    assert history["annotator"].tolist() == kept
    lines = [json.loads(line) for line in log_lines(log, demo).splitlines()]
    assert [line["annotator"] for line in lines] == kept  # the log itself is never changed for a spreadsheet's sake


def _answer(dataset: Dataset, row: int, who: str, comment: str) -> Verdict:
    content = dataset.table["content"].iat[row]
    when = "2026-07-01T10:00:00+00:00"
    return Verdict(
        str(uuid4()), "answer", dataset.name, dataset.hash, row, content, who, 1, "sad", when, comment=comment
    )


@pytest.mark.parametrize("text", SCRIPTS)
def test_a_login_is_called_by_printable_text(text: str) -> None:
    assert login_name({"sub": text, "iss": "https://accounts.example"}).isprintable()
    assert login_name({"email": f"{text}@evil.example", "email_verified": True}).isprintable()


class Elements(HTMLParser):
    """What a browser would do with a page: its scripts, its addresses, and its handlers."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.scripts: list[str] = []
        self.addresses: list[str] = []
        self.handlers: list[str] = []
        self._in_script = False
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._in_script = tag == "script"
        self.handlers += [name for name, _ in attrs if name.startswith("on")]
        self.addresses += [value or "" for name, value in attrs if name in {"src", "href", "data", "action"}]
        if tag in {"iframe", "object", "embed", "form", "base", "link"}:
            self.addresses.append(tag)

    def handle_data(self, data: str) -> None:
        if self._in_script:
            self.scripts.append(data)

    def handle_endtag(self, tag: str) -> None:
        self._in_script = False


def test_a_report_runs_none_of_what_notes_and_tags_say(demo: Dataset, workspace: Workspace) -> None:
    run = make_run(workspace, demo, "one", recipe=Recipe("made", network="shallow", note=" ".join(SCRIPTS)))
    plain = Elements(html_report(workspace, [run], Asked()).replace(get_plotlyjs(), ""))
    save_notes(run.path, Notes(tuple(text[:32] for text in SCRIPTS[:12]), "\n".join(SCRIPTS)[:4000]))
    html = html_report(workspace, [run], Asked())
    noted = Elements(html.replace(get_plotlyjs(), ""))
    assert len(noted.scripts) == len(plain.scripts) and noted.addresses == plain.addresses
    assert noted.handlers == [] and not any("alert(" in script for script in noted.scripts)
    assert "alert(document.domain)" in html  # it is there to be read


def test_names_in_an_archive_are_text_in_what_is_stored(workspace: Workspace, tmp_path: Path) -> None:
    names = [f"train/happy/{number}{text}.png" for number, text in enumerate((*SCRIPTS, *FORMULAS))]
    with zipfile.ZipFile(tmp_path / "x.zip", "w") as archive:
        for name in names:
            archive.writestr(name, face())
    dataset = import_dataset(workspace, tmp_path / "x.zip", "x", mode="lenient").dataset
    assert len(dataset) > 40
    assert set(dataset.table["source"]) <= {str(PurePosixPath(name)) for name in names}


def test_a_spreadsheet_finds_no_formula_in_answers_to_files() -> None:
    names = [f"{formula}.png" for formula in FORMULAS]
    rows = list(
        csv.DictReader(io.StringIO(as_csv(refusal(name, InputRefused(f"{name}: no")) for name in names), newline=""))
    )
    assert [row["file"] for row in rows] == ["'" + name.replace("\r", " ") for name in names]
    assert all(row["error"].startswith("'") for row in rows)


SHELL = str(REPOSITORY / "pages" / "_shell.py")
LOADS = re.compile(r"(?<!\\)(?:!?\[[^\]]*(?<!\\)\]\(|<[a-z!/]|:material)")  # what Markdown would make more than text of


@pytest.mark.parametrize(
    "page", ["runs.py", *(pytest.param(page, marks=pytest.mark.slow) for page in ("review.py", "audit.py", "train.py"))]
)
def test_a_link_with_markup_in_it_shows_text(page: str, demo: Dataset, workspace: Workspace, monkeypatch) -> None:
    make_run(workspace, demo, "one")
    monkeypatch.setenv("FERRET_WORKSPACE", str(workspace.root))
    app = AppTest.from_file(SHELL, default_timeout=60)
    app.session_state["annotator_name"] = "<img src=x onerror=alert(1)>"
    app.run().switch_page(page)
    for name in ("run", "queue", "version", "recipe", "network", "like", "round", "view", "dataset"):
        app.query_params[name] = "![marked](https://evil.example/x.png)<img src=//marked>"
    app.run()
    assert not app.exception
    for element in (*app.main, *app.sidebar):
        text = str(getattr(element, "value", ""))
        assert "marked" not in text or not LOADS.search(text), text
    assert LOADS.search("![marked](https://x)") and not LOADS.search(r"\!\[marked\](https\://x)")


def test_scripts_of_ours_write_text_and_never_markup() -> None:
    forbidden = re.compile(r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\(|new Function|srcdoc")
    files = sorted((REPOSITORY / "pages").rglob("*.js"))
    assert len(files) > 4
    assert [file.name for file in files if forbidden.search(file.read_text(encoding="utf-8"))] == []
    pages = [file for file in (REPOSITORY / "pages").rglob("*.py") if "unsafe_allow_html" in file.read_text("utf-8")]
    assert pages == []
