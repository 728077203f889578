"""With login configured, nobody sees or does anything before it; who they are then is not theirs to say."""

import time

import pytest
from streamlit.testing.v1 import AppTest

from fer_core.dataset.store import Dataset
from fer_core.workspace import REPOSITORY, Workspace

PAGES = ("overview.py", "audit.py", "review.py", "consensus.py", "train.py", "runs.py", "predict.py")
ADA = {"is_logged_in": True, "iss": "https://accounts.example", "sub": "17"}


@pytest.fixture
def app(demo: Dataset, workspace: Workspace, monkeypatch: pytest.MonkeyPatch) -> AppTest:
    monkeypatch.setenv("FERRET_WORKSPACE", str(workspace.root))
    return AppTest.from_file(str(REPOSITORY / "pages" / "_shell.py"), default_timeout=60)


@pytest.mark.parametrize("claims", [{"is_logged_in": False}, ADA | {"exp": int(time.time()) - 1}], ids=["out", "ended"])
def test_no_page_shows_anything_before_a_login(app: AppTest, claims: dict) -> None:
    app.user = claims
    app.session_state["annotator_name"] = "Bob"
    app.run()
    for page in PAGES:
        app.switch_page(page)
        app.query_params["dataset"] = "demo"
        app.run()
        assert not app.exception and [button.label for button in app.button] == ["Log in"], page
        assert not app.selectbox and not app.metric and not app.text_input, page
        assert "3,500" not in str(app.main) and "420" not in str(app.main), page


def test_after_it_pages_show_what_is_theirs(app: AppTest) -> None:
    app.user = dict(ADA)
    app.run()
    assert not app.exception and [box.value for box in app.selectbox][:1] == ["demo"]
    assert "Log in" not in [button.label for button in app.button]


def test_a_login_that_names_nobody_sees_nothing(app: AppTest) -> None:
    app.user = {"is_logged_in": True, "email": "ada@example.org"}
    app.run()
    assert "names nobody" in app.error[0].value and not app.metric
