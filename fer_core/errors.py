"""Everything that can go wrong and that a person can do something about.

    FerretError
    ├── UsageError        the call itself is wrong (exit code 2)
    ├── NotFound          no data set, version, run, job or model of that name
    ├── InputRefused      a file that cannot be used: says what, where (file, row) and what to do
    │   ├── ImageRefused      broken, huge, or of a format that is not on the list
    │   ├── LeftOut           a picture that is sound and has no place in a data set; not a failure
    │   └── RowsRefused       a table with bad rows, in strict mode; carries them all
    ├── StoreError        a store is busy, read-only, missing or newer than this program
    └── Cancelled         somebody asked for it to stop; not a failure

Messages are sentences for the person who meets them. The command line prints them after `ferret:` and exits
non-zero; the pages show them as they are.
"""

from dataclasses import dataclass


class FerretError(Exception):
    """The root: catch this and nothing wider at the edges (pages, command line)."""


class UsageError(FerretError):
    """Arguments that do not fit together."""


class NotFound(FerretError):
    """A name that leads nowhere."""


class InputRefused(FerretError):
    """A file that cannot be used."""


class ImageRefused(InputRefused):
    """A picture that is broken, too large, or not PNG, JPEG, WebP or BMP."""


class LeftOut(InputRefused):
    """A picture of a class that FER2013 does not have, or one without a face. The message is the reason alone."""


@dataclass(frozen=True)
class BadRow:
    """One row of a source that was not taken: `where` is a line number or a path inside the source."""

    where: str
    why: str

    def __str__(self) -> str:
        return f"{self.where}: {self.why}"


class RowsRefused(InputRefused):
    """Bad rows in strict mode. `rows` holds every one of them; the message shows the first few."""

    def __init__(self, source: str, rows: list[BadRow]) -> None:
        shown = "; ".join(str(row) for row in rows[:5])
        more = f"; and {len(rows) - 5:,} more" if len(rows) > 5 else ""
        super().__init__(
            f"{source}: {len(rows):,} bad {'row' if len(rows) == 1 else 'rows'}, nothing stored. {shown}{more}. "
            "Mend the file, or import with --mode lenient to keep the good rows."
        )
        self.rows = rows


class StoreError(FerretError):
    """The data base or a folder cannot be read or written as it stands."""


class Cancelled(FerretError):
    """Raised by a progress report when somebody asked the work to stop."""
