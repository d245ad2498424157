"""This module makes the hash that replaces a patient's name.

**The salt** of the hash is 32 random bytes. Each cache folder (`$CXRTUI_CACHE_DIR`, else the user's) has one; it is
made when it is first needed, and only the user can read it. So a patient has the same hash in every data set that this
user prepares, and films of one patient stay together even if they come from two folders. A person who has only a log, a
report or a `splits.csv` cannot find a patient's number by trying. No split depends on the salt (their order is drawn
from the films' content); the prepared films depend on it, and lie in the same folder.
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
    """Return a hash of the patient, which needs the `salt` to guess: 16 hexadecimal digits, empty for no patient."""
    if not patient_id.strip():
        return ""
    return hmac.new(salt, patient_id.strip().encode("utf-8", "surrogateescape"), hashlib.sha256).hexdigest()[:16]


def own_salt() -> bytes:
    """Return this user's salt; see the module docstring."""
    return _salt_in(cache_root())


@cache
def _salt_in(folder: Path) -> bytes:
    """Return the salt kept in `folder`; where it cannot be written, return one for this process."""
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
            os.link(temporary, file)  # the first process to link its salt decides
    with contextlib.suppress(OSError):
        temporary.unlink()
        made = file.read_bytes()
    return made
