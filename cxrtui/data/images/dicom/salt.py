"""The hash that stands where a patient's name would.

**The salt** of the hash is one for each cache folder (`$CXRTUI_CACHE_DIR`, else the user's): 32 random bytes, made at
the first need and readable by the user alone. So a patient has the same hash in every data set that this user prepares,
and films of one patient stay together though they come from two folders; and who only holds a log, a report or a
`splits.csv` cannot try out numbers until one fits. No split depends on it (their order is drawn from the films'
content); the prepared films do, and lie in the same folder.
"""

from __future__ import annotations

import contextlib
import hashlib
import hmac
import os
import secrets
from functools import cache
from pathlib import Path

from cxrtui.workspace import cache_root

_SALT = "patients.salt"


def deidentified(patient_id: str, salt: bytes) -> str:
    """A name for the patient that cannot be turned back without the `salt`: 16 hexadecimal digits, empty for none."""
    if not patient_id.strip():
        return ""
    return hmac.new(salt, patient_id.strip().encode("utf-8", "surrogateescape"), hashlib.sha256).hexdigest()[:16]


def own_salt() -> bytes:
    """This user's salt; see the module's text."""
    return _salt_in(cache_root())


@cache
def _salt_in(folder: Path) -> bytes:
    """The salt kept in `folder`; where nothing can be kept, one for this process."""
    file, made = folder / _SALT, secrets.token_bytes(32)
    temporary = folder / f".{_SALT}.{os.getpid()}.{secrets.token_hex(4)}.tmp"
    with contextlib.suppress(OSError):
        if len(kept := file.read_bytes()) == 32:
            return kept
        file.unlink()
    with contextlib.suppress(OSError):
        folder.mkdir(parents=True, exist_ok=True)
        with os.fdopen(os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as stream:
            stream.write(made)
            stream.flush()
            os.fsync(stream.fileno())
        with contextlib.suppress(FileExistsError):
            os.link(temporary, file)  # whoever is first decides
    with contextlib.suppress(OSError):
        temporary.unlink()
        made = file.read_bytes()
    return made
