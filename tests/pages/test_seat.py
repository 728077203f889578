"""The line above the card: which queues are offered, and what a link asks for."""

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from fer_core.review.queues.selections import save_selection

PAGE = """
import streamlit as st
from fer_core.audit.results import latest_audit
from fer_core.dataset.store import open_dataset
from pages import _shared
from pages._seat import choose_seat
dataset = open_dataset(_shared.workspace(), "demo")
st.session_state["seat"] = choose_seat(dataset, "Ada", latest_audit(dataset))
"""


@pytest.fixture
def page(workspace, monkeypatch):
    monkeypatch.setenv("FERRET_WORKSPACE", str(workspace.root))
    return AppTest.from_string(PAGE, default_timeout=60)


def sat(page):
    assert not page.exception
    return page.session_state["seat"]


def test_suspects_are_the_default_where_there_is_an_audit(page, audited):
    seat = sat(page.run())
    assert (seat.queue, seat.round, seat.balance) == ("suspects", 1, 0.0)
    assert (seat.audit_share, seat.gold_share) == (0.1, 0.04)
    offered = page.selectbox(key="queue").options
    assert offered[0] == "Suspects" and {"Conflicts", "Unseen", "Random audit", "Skipped"} <= set(offered)
    assert "Second opinions" not in offered and "Gold" not in offered  # they hold nothing yet


def test_without_an_audit_it_is_said_and_everything_comes_in_random_order(page, demo):
    assert sat(page.run()).queue == "random"
    assert any("No audit yet" in caption.value for caption in page.caption)
    assert "Suspects" not in page.selectbox(key="queue").options


def test_a_link_brings_back_queue_round_and_balance(page, audited):
    page.query_params.update({"queue": "Second opinions", "round": "3", "balance": "0.5"})
    seat = sat(page.run())
    assert (seat.queue, seat.round, seat.balance) == ("disagreements", 3, 0.5)


def test_a_selection_can_be_linked_however_old_it_is(page, audited):
    picked = [save_selection(audited, np.array([row]), f"picked {row}") for row in range(6)]
    page.query_params.update({"queue": picked[0].name})
    assert sat(page.run()).queue == picked[0].id
    assert picked[0].name in page.selectbox(key="queue").options


def test_what_is_mixed_in_can_be_switched_off(page, audited):
    page.run()
    page.slider(key="audit_share").set_value(0)
    page.slider(key="gold_share").set_value(20).run()
    assert (sat(page).audit_share, sat(page).gold_share) == (0.0, 0.2)
