"""Who somebody says they are: names, the signed note that a browser keeps of one, and the name behind a login.

Naming oneself is no login. The signature only keeps a name from being changed on its way: whoever can open the app can
take any name. Who an identity provider has logged in is another matter; `login_name` says what such a person is called.
"""

import base64
import hashlib
import hmac
import os
import secrets
import unicodedata
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from fer_core.errors import InputRefused, StoreError
from fer_core.files import sync_folder

COOKIE = "ferret_person"
LIFETIME = 90 * 86_400  # seconds
LONGEST_NAME = 40  # characters that somebody may type
KEY_BYTES = 32

_LONGEST_IDENTITY = 80  # characters that an event takes (fer_core/review/events/verdict.py)
_CLOCK_ERROR = 3600  # seconds that a note may come from the future, when the clock was set back


def clean_name(text: str) -> str:
    """A name as it is stored: composed (NFC), blanks trimmed and single. Raises InputRefused.

    Control, format and bidirectional characters are refused: they make two names look the same, or text around a name
    run backwards. So are the joiners that some scripts and emoji use, which nobody can see.
    """
    name = " ".join(unicodedata.normalize("NFC", text).split())
    if not name:
        raise InputRefused("Type a name: it is written beside every answer.")
    if len(name) > LONGEST_NAME:
        raise InputRefused(f"This name has {len(name)} characters; use up to {LONGEST_NAME}.")
    if not name.isprintable() or any(_unseen(letter) for letter in name):
        raise InputRefused("This name holds characters that cannot be seen; type it without them.")
    return name


def _unseen(letter: str) -> bool:
    """Letters and signs that Python calls printable and that show as nothing: fillers, joiners, variation selectors."""
    return letter in "\u034f\u115f\u1160\u17b4\u17b5\u2800\u3164\uffa0" or unicodedata.name(letter, "").startswith(
        ("VARIATION SELECTOR", "MONGOLIAN FREE VARIATION")
    )


def signing_key(folder: Path) -> bytes:
    """The workspace's secret, 32 bytes, made on first use; only its owner may read the file.

    Of several processes that make it at once one wins and the others take its key. Raises StoreError.
    """
    path = folder / "identity.key"
    try:
        if not path.exists():
            _make_key(path)
        key = path.read_bytes()
    except OSError as error:
        raise StoreError(f"{path}: the key that signs names cannot be used ({error.strerror}).") from error
    if len(key) != KEY_BYTES:
        raise StoreError(
            f"{path}: not a key of {KEY_BYTES} bytes. Delete it; people will be asked for their names again."
        )
    return key


def _make_key(path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".partial-{os.getpid()}-{secrets.token_hex(4)}-{path.name}")
    handle = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(secrets.token_bytes(KEY_BYTES))
            file.flush()
            os.fsync(file.fileno())
        os.link(temporary, path)  # a link, unlike a rename, never takes the place of a key that somebody else has made
        sync_folder(path.parent)
    except FileExistsError:
        pass
    finally:
        temporary.unlink(missing_ok=True)


def sign(name: str, key: bytes, now: float) -> str:
    """The note `name.issued.signature` that `verify` accepts for 90 days; letters, digits, '.', '-' and '_' only.

    `now`: seconds since 1970.
    """
    text = base64.urlsafe_b64encode(name.encode()).decode().rstrip("=")
    note = f"{text}.{int(now)}"
    return f"{note}.{_signature(note, key)}"


def verify(value: str, key: bytes, now: float) -> str | None:
    """The name in a note of ours; None for one that was changed, is too old, or was signed with another key."""
    note, _, signature = value.rpartition(".")
    if not hmac.compare_digest(signature.encode(errors="replace"), _signature(note, key).encode()):
        return None
    text, _, issued = note.partition(".")
    if not -_CLOCK_ERROR <= now - int(issued) < LIFETIME:
        return None
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)).decode()


def _signature(note: str, key: bytes) -> str:
    """HMAC-SHA256 as hex: other encodings have several spellings of one value."""
    purpose = b"ferret person 1\0"
    return hmac.new(key, purpose + note.encode(errors="replace"), hashlib.sha256).hexdigest()


def login_name(claims: Mapping[str, Any]) -> str | None:
    """What an identity provider's ID token calls a person, or None where it names nobody.

    The e-mail address where the provider has verified it; else the subject with its issuer, since subjects are unique
    within one issuer only (OpenID Connect Core 1.0, sections 2 and 5.7). The two cannot be mistaken for one another.
    """
    email, subject = claims.get("email"), claims.get("sub")
    if isinstance(email, str) and "@" in email and claims.get("email_verified") in (True, "true"):
        return _fitting(email)
    if not isinstance(subject, str) or not subject:
        return None
    issuer = str(claims.get("iss") or claims.get("provider") or "login")
    return _fitting(f"{subject} ({urlsplit(issuer).netloc or issuer})")


def login_expired(claims: Mapping[str, Any], now: float) -> bool:
    """Whether an ID token's time (`exp`, seconds since 1970) is over. One without a time does not expire."""
    if claims.get("exp") is None:
        return False
    try:
        return now >= float(claims["exp"])
    except (TypeError, ValueError):
        return True


def _fitting(identity: str) -> str:
    """An identity that an event takes: a long or unprintable one gives way to its digest."""
    if len(identity) <= _LONGEST_IDENTITY and identity.isprintable() and " ".join(identity.split()) == identity:
        return identity
    return f"account {hashlib.sha256(identity.encode(errors='replace')).hexdigest()[:32]}"
