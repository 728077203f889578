"""Column types for what SQLite stores as it is and PostgreSQL would refuse."""

import json
from typing import Any

from sqlalchemy import JSON, Dialect, Text
from sqlalchemy.types import TypeDecorator


class _Escaped(TypeDecorator[str]):
    """Text with any character. PostgreSQL stores no NUL, so there it is written `\\0`, and a backslash `\\\\`."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: str | None, dialect: Dialect) -> str | None:
        return None if value is None else value.replace("\\", "\\\\").replace("\0", "\\0")

    def process_result_value(self, value: str | None, dialect: Dialect) -> str | None:
        if value is None or "\\" not in value:
            return value
        return "\\".join(part.replace("\\0", "\0") for part in value.split("\\\\"))


class _JsonText(TypeDecorator[Any]):
    """A document as Python writes it: the server's own JSON knows no NaN, and metrics may be that."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: Any, dialect: Dialect) -> str | None:
        return None if value is None else json.dumps(value)

    def process_result_value(self, value: str | None, dialect: Dialect) -> Any:
        return None if value is None else json.loads(value)


# A SQLite file is read without a detour.
AnyText = Text().with_variant(_Escaped(), "postgresql")
AnyJson = JSON(none_as_null=True).with_variant(_JsonText(), "postgresql")
