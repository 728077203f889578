"""What a run says about the machine it ran on."""

import json
import platform

import pytest
import torch

from fer_core.training.machine import bfloat16_pays, cpu, environment, git_commit
from fer_core.work.threads import default_threads, set_threads


def test_the_environment_can_be_stored_and_names_what_ran() -> None:
    told = json.loads(json.dumps(environment("cpu", 2, "float32")))
    assert (told["device"], told["threads"], told["precision"]) == ("cpu", 2, "float32")
    assert told["packages"]["torch"] == torch.__version__.split("+")[0]
    assert told["python"] == platform.python_version()
    assert told["cpu"]["cores"] >= 1


def test_bfloat16_is_used_where_the_processor_multiplies_it(monkeypatch: pytest.MonkeyPatch) -> None:
    for flags, pays in ((["avx2", "avx512f"], False), (["avx512_bf16"], True), (["amx_bf16"], True), ([], False)):
        monkeypatch.setattr("fer_core.training.machine.cpu", lambda flags=flags: {**cpu(), "flags": flags})
        assert bfloat16_pays("cpu") is pays


def test_without_git_a_run_has_no_commit(monkeypatch: pytest.MonkeyPatch, tmp_path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert git_commit() is None


def test_one_core_is_left_for_people(monkeypatch: pytest.MonkeyPatch) -> None:
    for cores, threads in ((1, 1), (2, 1), (8, 7), (None, 1)):
        monkeypatch.setattr("os.cpu_count", lambda cores=cores: cores)
        assert default_threads() == threads
    assert set_threads(1) == torch.get_num_threads() == 1
