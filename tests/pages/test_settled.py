"""What the garbage collector need not look at: modules, and nothing that comes after them."""

import gc
import sys
import weakref
from types import ModuleType

import pytest
import streamlit as st

from pages._settled import settle


@pytest.fixture(autouse=True)
def thawed():
    yield
    gc.unfreeze()


@pytest.fixture(autouse=True)
def visit(monkeypatch):
    """The session state of who is there."""
    state = {}
    monkeypatch.setattr(st, "session_state", state)
    return state


class Cycle:
    def __init__(self):
        self.itself = self


def test_loaded_modules_are_frozen_and_garbage_is_still_found(monkeypatch):
    monkeypatch.setitem(sys.modules, "loaded_before_this", ModuleType("loaded_before_this"))
    settle()
    frozen = gc.get_freeze_count()
    assert frozen > 10_000
    assert not any(one is vars(sys.modules["json"]) for one in gc.get_objects())

    left = weakref.ref(Cycle())
    gc.collect()
    assert left() is None

    settle()  # nothing was loaded since
    later = Cycle()
    assert gc.get_freeze_count() <= frozen and any(one is later for one in gc.get_objects())


def test_what_is_loaded_later_is_frozen_at_the_next_time(monkeypatch):
    settle()
    module = ModuleType("loaded_later")
    module.table = [[]]
    monkeypatch.setitem(sys.modules, "loaded_later", module)
    assert any(one is module.table for one in gc.get_objects())
    settle()
    assert not any(one is module.table for one in gc.get_objects())


def test_what_a_visit_left_behind_goes_when_a_later_one_begins(monkeypatch, visit):
    photo = Cycle()
    left = weakref.ref(photo)
    monkeypatch.setattr("pages._settled._seen", 0)  # as if modules had come with the photo
    settle()  # frozen while it is there
    visit.clear()
    del photo
    gc.collect()
    settle()  # another begins at once: everything was looked through just now
    assert left() is not None
    visit.clear()
    monkeypatch.setattr("pages._settled.EVERY", 0.0)
    settle()
    assert left() is None
