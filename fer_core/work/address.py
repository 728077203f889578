"""What FER_CLUSTER says. Reading it imports nothing of Ray."""

import os
import re

from fer_core.errors import UsageError

VARIABLE = "FER_CLUSTER"
_FORM = re.compile(r"auto|(ray://)?[^\s/:]+:[0-9]{1,5}|(ray://)?\[[0-9a-fA-F:]+\]:[0-9]{1,5}")


def cluster_address() -> str:
    """`auto`, `host:port` or `ray://host:port`; empty where work is done here. Raises UsageError for anything else."""
    address = os.environ.get(VARIABLE, "").strip()
    if address and not _FORM.fullmatch(address):
        raise UsageError(f"{VARIABLE}={address!r} names no cluster: set it to auto, host:port or ray://host:port.")
    return address
