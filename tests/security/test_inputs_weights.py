"""Weights and arrays from strangers: nothing in them is executed, whatever they are called and however they claim to
be read; a header that claims too much is refused before memory is set aside."""

import ast
import pickle
import resource
import struct
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch

from fer_core.dataset.importing import import_dataset
from fer_core.errors import FerretError
from fer_core.networks.registry import build_network
from fer_core.networks.tensors import read_tensors
from fer_core.networks.weights import load_model
from fer_core.workspace import REPOSITORY, Workspace


class Payload:
    """Unpickling it makes the file `witness`."""

    def __init__(self, witness: Path) -> None:
        self.witness = witness

    def __reduce__(self):  # type: ignore[no-untyped-def]
        return Path.touch, (self.witness,)


def _plain(path: Path, payload: Payload) -> None:
    path.write_bytes(pickle.dumps(payload))


def _zipped(path: Path, payload: Payload) -> None:
    torch.save({"conv.weight": payload}, path)


def _legacy(path: Path, payload: Payload) -> None:
    torch.save({"conv.weight": payload}, path, _use_new_zipfile_serialization=False)


def _array(path: Path, payload: Payload) -> None:
    np.save(path.with_suffix(".npy"), np.array([payload], object), allow_pickle=True)
    path.with_suffix(".npy").rename(path)


def _arrays(path: Path, payload: Payload) -> None:
    with path.open("wb") as handle:
        np.savez(handle, pixels=np.array([payload], object), emotion=np.array([payload], object))


FORMS = [_plain, _zipped, _legacy, _array, _arrays]
# Every door through which a file with numbers comes in; each ends in an error that says so.
DOORS: dict[str, Callable[[Path], object]] = {
    "model.safetensors": load_model,
    "tensors.safetensors": read_tensors,
    "start.pth": lambda path: build_network("vgg16", 48, weights=str(path)),
    "start.safetensors": lambda path: build_network("vgg16", 48, weights=str(path)),
    "faces.npz": lambda path: import_dataset(Workspace(path.parent / "data"), path, "faces"),
    "faces.parquet": lambda path: import_dataset(Workspace(path.parent / "data"), path, "faces"),
    "fer2013.csv": lambda path: import_dataset(Workspace(path.parent / "data"), path, "faces"),
}
# torchvision, which vgg16 needs, takes seconds to load.
QUICK_DOORS = [pytest.param(name, marks=pytest.mark.slow) if "start" in name else name for name in DOORS]


@pytest.mark.parametrize("name", QUICK_DOORS)
@pytest.mark.parametrize("form", FORMS, ids=lambda form: form.__name__.strip("_"))
def test_a_pickle_is_executed_nowhere(form, name: str, tmp_path: Path) -> None:
    witness = tmp_path / "executed"
    form(tmp_path / name, Payload(witness))
    with pytest.raises((FerretError, ValueError)):
        DOORS[name](tmp_path / name)
    assert not witness.exists()


def test_the_payload_works_where_pickles_are_read(tmp_path: Path) -> None:
    _plain(tmp_path / "x", Payload(tmp_path / "executed"))
    pickle.loads((tmp_path / "x").read_bytes())  # noqa: S301 - our own
    assert (tmp_path / "executed").exists()


@pytest.mark.parametrize("name", [door for door in QUICK_DOORS if "safetensors" in str(door)])
@pytest.mark.parametrize("claim", [2**63, 2**40, 2**31, 100 << 20, 10_001, 10_000])
def test_a_header_that_claims_too_much_takes_no_memory(name: str, claim: int, tmp_path: Path) -> None:
    """The last claim is true: ten thousand bytes that are a header of a tensor with 2**60 numbers."""
    text = b'{"a":{"dtype":"F32","shape":[1152921504606846976],"data_offsets":[0,4611686018427387904]}}'
    (tmp_path / name).write_bytes(struct.pack("<Q", claim) + text.ljust(10_000))
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with pytest.raises((FerretError, ValueError)):
        DOORS[name](tmp_path / name)
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 64 << 10


def test_no_module_of_ours_reads_pickles() -> None:
    """No import of a module that unpickles, no np.load that may, no torch.load but the one that only takes tensors."""
    found = []
    for path in [*REPOSITORY.glob("fer_core/**/*.py"), *REPOSITORY.glob("pages/**/*.py"), REPOSITORY / "app.py"]:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            names += [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            found += [
                f"{path}: {name}"
                for name in names
                if name in {"pickle", "cPickle", "dill", "joblib", "shelve", "marshal"}
            ]
            if not isinstance(node, ast.Call):
                continue
            called, given = ast.unparse(node.func), {word.arg: ast.unparse(word.value) for word in node.keywords}
            if called == "np.load" and given.get("allow_pickle") != "False":
                found.append(f"{path}: {called}")
            reads_torch = called in {"torch.load", "weights.get_state_dict"} or "load_state_dict_from_url" in called
            if reads_torch and given.get("weights_only") != "True":
                found.append(f"{path}: {called}")
            if called in {"eval", "exec", "pd.read_pickle", "os.system"} or given.get("shell") == "True":
                found.append(f"{path}: {called}")
    assert found == []
