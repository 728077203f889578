"""What is decided about a cluster before anything is sent to it."""

import ast
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

from fer_core import __version__
from fer_core.__main__ import main
from fer_core.dataset.store import Dataset
from fer_core.errors import FerretError, UsageError
from fer_core.keeping import installation
from fer_core.keeping.findings import BAD, GOOD
from fer_core.keeping.installation import check_cluster
from fer_core.prediction.album import Photo, Wish, answer_on_cluster
from fer_core.progress import silent
from fer_core.work.address import cluster_address
from fer_core.work.connection import Share, connected, fair_share, refuse_too_small, room
from fer_core.work.shared import Marks, marked, refuse_unseen
from fer_core.work.tasks import run_tasks
from fer_core.workspace import REPOSITORY, Workspace


@pytest.mark.parametrize("address", ["auto", "head:6379", "10.0.0.1:6379", "ray://head:10001", "[::1]:6379"])
def test_addresses(address: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FER_CLUSTER", f" {address} ")
    assert cluster_address() == address


@pytest.mark.parametrize("address", ["head", "http://head:8265", "ray://head", "local", "head:6379 --force"])
def test_what_is_no_address(address: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FER_CLUSTER", address)
    with pytest.raises(UsageError, match="names no cluster: set it to auto, host:port or ray://host:port"):
        cluster_address()


def test_no_module_imports_ray_when_it_is_imported() -> None:
    for path in sorted((REPOSITORY / "fer_core").rglob("*.py")):
        for node in ast.parse(path.read_text()).body:
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            names += [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            assert not {name for name in names if name.split(".")[0] == "ray"}, path


def test_without_the_variable_work_stays_here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "ray", None)  # importing it would fail
    done: list[str] = []
    run_tasks([lambda report: done.append("here")], "x", 1, 1, silent, [tmp_path])
    assert done == ["here"]


def test_without_ray_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("FER_CLUSTER", "auto")
    monkeypatch.setitem(sys.modules, "ray", None)
    with pytest.raises(FerretError, match=r"Ray is not installed here: pip install -r requirements-extras\.txt"):
        run_tasks([print], "x", 1, 1, silent, [tmp_path])


@pytest.mark.parametrize(
    ("address", "state", "words"),
    [("head:6379", GOOD, "long work goes to the Ray cluster at head:6379"), ("head", BAD, "names no cluster")],
)
def test_doctor_says_where_work_goes(address: str, state: str, words: str, monkeypatch: pytest.MonkeyPatch) -> None:
    assert list(check_cluster()) == []
    monkeypatch.setenv("FER_CLUSTER", address)
    monkeypatch.setattr(installation, "_installed", lambda name: "2.60.0")
    [check] = check_cluster()
    assert check.state == state
    assert words in check.words


def test_doctor_knows_packages_that_are_asked_for_with_extras() -> None:
    [ray] = [check for check in installation.check_packages() if "FER_CLUSTER" in check.words]
    assert ray.what == "ray"


def test_a_cluster_that_is_not_there(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    pytest.importorskip("ray", reason="Ray is not installed (pip install -r requirements-extras.txt)")
    monkeypatch.setenv("FER_CLUSTER", "127.0.0.1:1")
    with pytest.raises(FerretError, match=r"The Ray cluster at 127.0.0.1:1 \(FER_CLUSTER\) cannot be reached"):
        run_tasks([print], "x", 1, 1, silent, [tmp_path])


@pytest.mark.parametrize(
    ("nodes", "tasks", "share"),
    [
        ([(1, 0), (1, 0)], 4, Share(1, 0)),
        ([(16, 0)], 4, Share(4, 0)),
        ([(16, 0), (4, 0)], 4, Share(4, 0)),  # three and one
        ([(16, 0), (4, 0)], 1, Share(16, 0)),
        ([(3, 0), (3, 0)], 4, Share(1, 0)),  # with two cores each only two would run
        ([(16, 2), (64, 0)], 4, Share(8, 1)),  # two cards: two at once
        ([(0, 0), (2, 0)], 9, Share(1, 0)),
        ([(0, 1), (4, 0)], 2, Share(2, 0)),  # a card that no core serves
    ],
)
def test_tasks_share_the_cores_so_that_as_many_as_possible_run(nodes, tasks: int, share: Share) -> None:
    there = [{"CPU": float(cores), "GPU": float(cards)} for cores, cards in nodes]
    assert fair_share(there, tasks) == share


def test_room() -> None:
    assert room([{"CPU": 5.0}, {"CPU": 4.0, "GPU": 1.0}], Share(2, 0)) == 4
    assert room([{"CPU": 5.0}, {"CPU": 4.0, "GPU": 1.0}], Share(2, 1)) == 1


def test_a_cluster_without_cores() -> None:
    with pytest.raises(FerretError, match="No node of the cluster has a core"):
        fair_share([{"CPU": 0.0}, {}], 2)


@pytest.mark.parametrize(
    ("share", "words"), [(Share(8, 0), "8 cores for"), (Share(1, 1), "1 core and a graphics card")]
)
def test_tasks_cut_for_a_node_that_is_lost_do_not_wait_for_ever(share: Share, words: str) -> None:
    both = [{"CPU": 4.0}, {"CPU": 8.0, "GPU": 1.0}]
    refuse_too_small(both, share)
    with pytest.raises(FerretError, match=f"No node of the cluster is left with {words}.*run it again to go on"):
        refuse_too_small(both[:1], share)


def test_a_cluster_that_is_lost_is_a_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    class Lost(Exception):
        """What Ray raises."""

    calls: list[str] = []
    ray = SimpleNamespace(
        exceptions=SimpleNamespace(RayError=Lost),
        is_initialized=lambda: False,
        init=lambda **settings: calls.append("init"),
        shutdown=lambda: calls.append("shutdown"),
    )
    monkeypatch.setitem(sys.modules, "ray", ray)
    words = r"The Ray cluster at auto \(FER_CLUSTER\) failed: The actor died\. What was finished is stored"
    with pytest.raises(FerretError, match=words), connected("auto"):
        raise Lost("The actor died.\nIts node is gone.")
    assert calls == ["init", "shutdown"]


def test_a_node_that_does_not_share_the_storage_is_told_so(tmp_path: Path) -> None:
    with marked([tmp_path]) as marks:
        marks.check()
        elsewhere = Marks(tuple(tmp_path / "other" / file.name for file in marks.files))
        with pytest.raises(FerretError, match=r"does not see .*other .*: mount the same storage at the same path"):
            elsewhere.check()
    assert not list(tmp_path.iterdir())
    with pytest.raises(FerretError, match="does not see"):
        marks.check()
    with pytest.raises(FerretError, match=r"does not see .*photo\.png"):
        refuse_unseen([tmp_path, tmp_path / "photo.png"])


def test_workers_without_a_cluster_are_wrong_use(demo: Dataset, workspace: Workspace, capsys) -> None:
    assert main(["train", "demo", "--workers", "2", "--workspace", str(workspace.root)]) == 2
    assert "--workers needs a Ray cluster: set FER_CLUSTER" in capsys.readouterr().err
    assert not workspace.runs.exists()


def test_workers_take_the_threads_of_their_nodes(
    demo: Dataset, workspace: Workspace, monkeypatch: pytest.MonkeyPatch, capsys
) -> None:
    monkeypatch.setenv("FER_CLUSTER", "127.0.0.1:1")
    call = ["train", "demo", "--workers", "2", "--threads", "4", "--workspace", str(workspace.root)]
    assert main(call) == 2
    assert "--threads and --workers do not go together" in capsys.readouterr().err


def test_a_training_that_finds_no_cluster_leaves_no_folder(
    demo: Dataset, workspace: Workspace, monkeypatch: pytest.MonkeyPatch, capsys
) -> None:
    pytest.importorskip("ray", reason="Ray is not installed (pip install -r requirements-extras.txt)")
    monkeypatch.setenv("FER_CLUSTER", "127.0.0.1:1")
    assert main(["train", "demo", "--workers", "2", "--workspace", str(workspace.root)]) == 1
    assert "cannot be reached" in capsys.readouterr().err
    assert not workspace.runs.exists()


def test_a_folder_of_maps_that_cannot_be_made(
    workspace: Workspace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Wish, "open", lambda wish: None)  # a model takes seconds
    (tmp_path / "maps").touch()
    wish = Wish(workspace, method="gradients", out=tmp_path / "maps")
    with pytest.raises(FerretError, match="maps: cannot be written"):
        list(answer_on_cluster(wish, [Photo(tmp_path / "a.png", "a")], silent))


def test_a_node_with_another_version_is_told_so() -> None:
    with pytest.raises(FerretError, match=f"has FERret {__version__}, and the work is from 0.0.1: install the same"):
        Marks((), "0.0.1").check()
