"""Who a page takes a person for, and that nobody is taken for somebody else."""

import time
from pathlib import Path
from uuid import uuid4

import pytest
from streamlit.testing.v1 import AppTest

from fer_core.dataset.store import Dataset
from fer_core.identity import sign, signing_key
from fer_core.review.events.log import VerdictLog
from fer_core.workspace import Workspace
from pages import _identity
from pages._outbox import store

SCRIPT = """
import streamlit as st
from fer_core.errors import FerretError
from pages._identity import annotator, leave_button

try:
    st.text("reviews as " + annotator())
    leave_button()
except FerretError as error:
    st.error(str(error))
"""
ADA = {
    "is_logged_in": True,
    "iss": "https://accounts.example",
    "sub": "17",
    "email": "ada@example.org",
    "email_verified": True,
}


@pytest.fixture
def app(workspace: Workspace, monkeypatch: pytest.MonkeyPatch) -> AppTest:
    monkeypatch.setenv("FERRET_WORKSPACE", str(workspace.root))
    return AppTest.from_string(SCRIPT, default_timeout=60)


@pytest.fixture
def bring_cookie(monkeypatch: pytest.MonkeyPatch):
    """Lets the browser bring a cookie when it opens the session."""
    return lambda note: monkeypatch.setattr(_identity, "browser_cookie", lambda: note)


def who(app: AppTest) -> str | None:
    """Whom the page takes the person for; None where it asks."""
    assert not app.exception
    return app.text[0].value.removeprefix("reviews as ") if app.text else None


def labels(app: AppTest) -> list[str]:
    return [button.label for button in app.button]


def name_oneself(app: AppTest, name: str) -> AppTest:
    app.text_input[0].set_value(name)
    app.button[0].click()
    return app.run()


def test_a_person_names_themself_and_is_told_that_this_is_no_login(app: AppTest) -> None:
    app.run()
    assert who(app) is None
    assert any("This is no login" in text.value for text in app.markdown)
    name_oneself(app, "  Ada   Lovelace ")
    assert who(app) == "Ada Lovelace"
    assert who(app.run()) == "Ada Lovelace"


@pytest.mark.parametrize("name", ["", "  ", "Ada\u202egnol"])
def test_a_name_that_is_none_is_asked_for_again(app: AppTest, name: str) -> None:
    name_oneself(app.run(), name)
    assert who(app) is None
    assert len(app.error) == 1


def test_the_cookie_brings_the_person_back_in_a_new_session(app: AppTest, workspace: Workspace, bring_cookie) -> None:
    bring_cookie(sign("李小龙", signing_key(workspace.root), time.time()))
    assert who(app.run()) == "李小龙"


def test_a_cookie_that_is_not_ours_is_ignored(app: AppTest, workspace: Workspace, bring_cookie) -> None:
    key = signing_key(workspace.root)
    good = sign("Ada", key, time.time())
    forged = "Qm9i" + good[good.index(".") :]
    for note in (
        forged,
        sign("Ada", b"y" * 32, time.time()),
        sign("Ada", key, time.time() - 91 * 86_400),
        "Ada",
        "é.1.",
    ):
        bring_cookie(note)
        assert who(app.run()) is None, note


def test_who_leaves_is_not_brought_back_by_the_cookie_of_before(
    app: AppTest, workspace: Workspace, bring_cookie
) -> None:
    bring_cookie(sign("Ada", signing_key(workspace.root), time.time()))
    app.run()
    assert labels(app) == ["Somebody else reviews"]
    app.button[0].click().run()
    assert who(app) is None
    assert who(name_oneself(app, "Bob")) == "Bob"


def test_a_name_in_a_link_only_fills_the_form(app: AppTest) -> None:
    app.query_params["annotator"] = "Bob"
    app.run()
    assert who(app) is None
    assert app.text_input[0].value == "Bob"
    app.button[0].click().run()
    assert who(app) == "Bob"
    assert "annotator" not in app.query_params


def test_a_name_in_a_link_changes_nobody(app: AppTest, workspace: Workspace, bring_cookie) -> None:
    bring_cookie(sign("Ada", signing_key(workspace.root), time.time()))
    app.query_params["annotator"] = "Bob"
    assert who(app.run()) == "Ada"
    assert "annotator" not in app.query_params


def test_with_login_on_nobody_is_asked_for_a_name(app: AppTest) -> None:
    app.user = {"is_logged_in": False}
    app.run()
    assert who(app) is None
    assert not app.text_input
    assert labels(app) == ["Log in"]


def test_with_login_on_only_the_provider_says_who_somebody_is(app: AppTest, workspace: Workspace, bring_cookie) -> None:
    """A cookie of ours, a name in the link and a name typed before login was configured: none of them counts."""
    bring_cookie(sign("Bob", signing_key(workspace.root), time.time()))
    app.query_params["annotator"] = "Bob"
    app.session_state["annotator_name"] = "Bob"
    app.user = {"is_logged_in": False}
    assert who(app.run()) is None
    app.user = dict(ADA)
    assert who(app.run()) == "ada@example.org"
    app.user = ADA | {"email_verified": False}
    assert who(app.run()) == "17 (accounts.example)"


def test_a_login_whose_time_is_over_is_asked_for_again(app: AppTest) -> None:
    app.user = ADA | {"exp": int(time.time()) + 600}
    assert who(app.run()) == "ada@example.org"
    app.user = ADA | {"exp": int(time.time()) - 1}
    assert who(app.run()) is None
    assert labels(app) == ["Log in"]
    assert any("has ended" in heading.value for heading in app.subheader)


def test_logging_out_ends_the_review(app: AppTest) -> None:
    app.user = dict(ADA)
    app.run()
    assert labels(app) == ["Log out"]
    app.button[0].click().run()
    assert who(app) is None


def test_a_login_that_names_nobody_reviews_nothing(app: AppTest) -> None:
    app.user = {"is_logged_in": True, "email": "ada@example.org"}
    assert who(app.run()) is None
    assert "names nobody" in app.error[0].value


def test_login_is_not_off_because_its_secrets_cannot_be_read(app: AppTest, tmp_path: Path, monkeypatch) -> None:
    broken = tmp_path / "secrets.toml"
    broken.write_text("[auth\nclient_id = 1")
    monkeypatch.setattr(_identity.st, "get_option", lambda name: [str(broken)] if name == "secrets.files" else None)
    monkeypatch.setattr(type(_identity.st.secrets), "load_if_toml_exists", lambda self: False)
    assert who(app.run()) is None
    assert not app.text_input
    assert "cannot be read" in app.error[0].value


def test_answers_in_another_name_are_refused(app: AppTest, demo: Dataset, workspace: Workspace) -> None:
    """What Bob's browser sends under Ada's address, while Bob is the one logged in."""
    app.user = ADA | {"sub": "18", "email": "bob@example.org"}
    bob = who(app.run())
    log = VerdictLog(workspace.labels_db)
    events = [
        {
            "id": str(uuid4()),
            "kind": "answer",
            "dataset": demo.name,
            "dataset_hash": demo.hash,
            "annotator": name,
            "round": 1,
            "row": 3,
            "content": demo.table["content"].iat[3],
            "answer": "sad",
            "time": "2026-07-01T10:00:00.000Z",
        }
        for name in ("ada@example.org", "BOB@example.org", "bob@example.org")
    ]
    ack = store(log, demo, bob, {"instance": "i", "stamp": 1, "events": events})
    assert set(ack["refused"]) == {event["id"] for event in events[:2]}
    assert log.history(demo)["annotator"].tolist() == ["bob@example.org"]
