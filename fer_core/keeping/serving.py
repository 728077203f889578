"""What doctor finds on the PostgreSQL server that FER_DATABASE_URL names."""

from collections.abc import Iterator

from fer_core.database import MARKER, VARIABLE, on_server, server_url
from fer_core.database.place import Place, find_place, refuse_files
from fer_core.errors import StoreError
from fer_core.keeping.contents import SCHEMAS
from fer_core.keeping.findings import BAD, GOOD, NOTE, Check
from fer_core.workspace import Workspace

_WHAT = "PostgreSQL"


def check_server(workspace: Workspace) -> Iterator[Check]:
    """Whether the server answers, which it is, and what the workspace has there; changes nothing."""
    if not server_url():
        words = f"{workspace.root / MARKER} says that labels and jobs are on a server, and {VARIABLE} is not set"
        yield Check(_WHAT, BAD, words, f"export {VARIABLE}=postgresql://USER@HOST/DATABASE")
        return
    try:
        yield from _check(workspace)
    except StoreError as error:
        yield Check(_WHAT, BAD, str(error))


def _check(workspace: Workspace) -> Iterator[Check]:
    from fer_core.database.postgres import look
    from fer_core.database.server import where

    place = find_place(workspace.root) or Place(server_url(), "public")
    version, formats = look(place)
    server = f"{version}{where(place.url).removeprefix(_WHAT)}"
    if not on_server(workspace.root):
        refuse_files(workspace.root)
        yield Check(_WHAT, NOTE, f"{server} answers; nothing of this workspace is there yet")
        return
    if formats is None:
        words = f"{server} has no schema {place.schema}, which {MARKER} names: another server, or it is lost"
        yield Check(_WHAT, BAD, words)
        return
    yield Check(_WHAT, GOOD, f"{server}, schema {place.schema}")
    for file, schema in SCHEMAS.items():
        found = formats.get(file.removesuffix(".db"))
        if found is not None and found > schema.version:
            words = f"has format {found}, this FERret knows {schema.version}: update FERret"
            yield Check(schema.what, BAD, words, "git pull && make app")
        elif found is not None:
            yield Check(schema.what, GOOD, f"on the server, format {found}")
