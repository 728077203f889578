"""What pages share: errors become sentences wherever they come from."""

import pytest

import app
from fer_core.errors import NotFound
from pages import _shared


def test_errors_of_fragments_and_callbacks_become_sentences(monkeypatch: pytest.MonkeyPatch) -> None:
    said: list[str] = []
    monkeypatch.setattr("streamlit.error", lambda text, icon: said.append(text))
    assert app.app._on_script_error is _shared.tell
    assert _shared.tell(NotFound("There is no run 'a_b'.")) and said == ["There is no run 'a\\_b'."]
    assert not _shared.tell(ValueError("a bug, which Streamlit shows as one")) and len(said) == 1
