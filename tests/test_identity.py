"""Names, the signed note that keeps one, the key that signs it, and who a login is."""

import os
import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from fer_core.errors import InputRefused, StoreError
from fer_core.identity import KEY_BYTES, LIFETIME, clean_name, login_expired, login_name, sign, signing_key, verify

KEY = bytes(range(KEY_BYTES))
NOW = 1_800_000_000
any_name = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=40)


@given(any_name, st.integers(0, LIFETIME - 1))
def test_any_name_comes_back_as_long_as_it_holds(name: str, age: int) -> None:
    note = sign(name, KEY, NOW)
    assert verify(note, KEY, NOW + age) == name
    assert set(note) <= set("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.")
    assert len(note) < 400


@given(any_name, st.data())
def test_a_note_with_any_character_changed_is_refused(name: str, data: st.DataObject) -> None:
    note = sign(name, KEY, NOW)
    place = data.draw(st.integers(0, len(note) - 1))
    other = chr(ord(note[place]) ^ data.draw(st.integers(1, 255)))
    assert verify(note[:place] + other + note[place + 1 :], KEY, NOW) is None


@given(st.text(max_size=200))
def test_what_we_have_not_signed_is_refused(value: str) -> None:
    assume(value)
    assert verify(value, KEY, NOW) is None


@given(st.integers(0, 10 * LIFETIME))
def test_a_note_ends_after_ninety_days(late: int) -> None:
    assert verify(sign("Ada", KEY, NOW), KEY, NOW + LIFETIME + late) is None


def test_neither_another_key_nor_another_persons_signature_opens_a_note() -> None:
    ada, bob = sign("Ada", KEY, NOW), sign("Bob", KEY, NOW)
    assert verify(sign("Ada", b"x" * KEY_BYTES, NOW), KEY, NOW) is None
    assert verify(bob.rpartition(".")[0] + "." + ada.rpartition(".")[2], KEY, NOW) is None
    assert verify(sign("Ada", KEY, NOW + 86_400), KEY, NOW) is None  # issued tomorrow


def test_a_name_is_trimmed_and_composed() -> None:
    assert clean_name("  Ada \t  Lovelace\n") == "Ada Lovelace"
    assert clean_name("Zoe\u0308") == "Zo\u00eb"
    assert clean_name("李小龙") == "李小龙"
    assert clean_name("<b>O'Neil</b>") == "<b>O'Neil</b>"  # text, never markup
    assert clean_name("x" * 40) == "x" * 40


@pytest.mark.parametrize(
    "text",
    [
        "",
        "   ",
        "x" * 41,
        "Ada\u202egnol",
        "A\u200bda",
        "Ada\x00",
        "\x1b[31mAda",
        "\u2066Ada\u2069",
        "\ud800",
        "\u3164",
        "\u2800",
        "Ada\ufe0f",
        "Ada\u034f",
    ],
)
def test_a_name_that_cannot_be_seen_or_is_too_long_is_refused(text: str) -> None:
    with pytest.raises(InputRefused):
        clean_name(text)


@given(any_name)
def test_a_clean_name_stays_as_it_is(text: str) -> None:
    try:
        name = clean_name(text)
    except InputRefused:
        return
    assert clean_name(name) == name and 1 <= len(name) <= 40


def test_the_key_is_made_once_and_only_its_owner_reads_it(tmp_path: Path) -> None:
    folder = tmp_path / "data"
    mask = os.umask(0)
    try:
        key = signing_key(folder)
    finally:
        os.umask(mask)
    assert len(key) == KEY_BYTES
    assert stat.S_IMODE((folder / "identity.key").stat().st_mode) == 0o600
    assert signing_key(folder) == key
    assert [path.name for path in folder.iterdir()] == ["identity.key"]
    assert signing_key(tmp_path / "other") != key


def test_all_who_make_the_key_at_once_get_the_same(tmp_path: Path) -> None:
    with ThreadPoolExecutor(16) as pool:
        keys = set(pool.map(lambda _: signing_key(tmp_path), range(64)))
    assert len(keys) == 1
    assert [path.name for path in tmp_path.iterdir()] == ["identity.key"]


def test_a_damaged_key_is_refused_with_what_to_do(tmp_path: Path) -> None:
    (tmp_path / "identity.key").write_bytes(b"short")
    with pytest.raises(StoreError, match="Delete it"):
        signing_key(tmp_path)


GOOGLE = {"iss": "https://accounts.google.com", "sub": "1084", "email": "ada@example.org", "email_verified": True}


def test_a_login_is_its_verified_address_else_its_subject_and_issuer() -> None:
    assert login_name(GOOGLE) == "ada@example.org"
    assert login_name(GOOGLE | {"email_verified": "true"}) == "ada@example.org"
    for unverified in (False, None, "false", 1.5):
        assert login_name(GOOGLE | {"email_verified": unverified}) == "1084 (accounts.google.com)"
    assert login_name({"sub": "1084", "provider": "okta"}) == "1084 (okta)"
    assert login_name({"email": "ada@example.org", "email_verified": False}) is None
    assert login_name({}) is None


def test_nobody_can_choose_a_subject_that_reads_as_another_login() -> None:
    rogue = {"iss": "https://rogue.example", "sub": "ada@example.org", "email": "ada@example.org"}
    assert login_name(rogue) not in ("ada@example.org", login_name(GOOGLE))
    assert login_name({"iss": "https://one.example", "sub": "7"}) != login_name(
        {"iss": "https://two.example", "sub": "7"}
    )


def test_an_identity_fits_into_an_event_whatever_its_length() -> None:
    names = [login_name({"iss": "https://one.example", "sub": "a" * 200 + end}) for end in ("x", "y", "\n")]
    assert len(set(names)) == 3
    assert all(name is not None and len(name) <= 80 and name.isprintable() for name in names)


def test_a_login_holds_until_its_token_expires() -> None:
    assert not login_expired({}, NOW)
    assert not login_expired({"exp": NOW + 1}, NOW)
    assert login_expired({"exp": NOW}, NOW)
    assert login_expired({"exp": str(NOW - 1)}, NOW)
    assert login_expired({"exp": "soon"}, NOW)
