"""Jobs that do what decoders do on damaged files, each led by what the film says: its own real process dies of it."""

from __future__ import annotations

import os
import signal
import sys
import time
from typing import Any

from cxrtui.data.images import opening
from cxrtui.data.images.decoding.jobs import JOBS as REAL
from cxrtui.errors import FilmError


def obey(film: int, **_: Any) -> tuple[dict[str, Any], bytes]:
    words = os.pread(film, 100, 0).decode().split()
    if words[0] == "abort":
        os.abort()
    elif words[0] == "exit":
        os._exit(3)
    elif words[0] == "killed":
        os.kill(os.getpid(), signal.SIGKILL)
    elif words[0] == "hang":
        while True:
            time.sleep(1)
    elif words[0] == "spin":
        sum(range(10**15))  # holds the interpreter, as a native loop does
    elif words[0] == "allocate":
        held = []
        while True:
            held.append(bytes(range(256)) * (1 << 16))
    elif words[0] == "leap":
        return {"size": len(bytes(1 << 40))}, b""
    elif words[0] == "print":
        print("noise", flush=True)
        os.write(2, b"more noise " * 200_000)
    elif words[0] == "garbage":
        os.write(int(sys.orig_argv[2].rsplit("main(", 1)[-1].split(",")[0]), b"\xff" * 64)
    elif words[0] == "refuse":
        raise FilmError("it is refused\x1b[31m")
    elif words[0] == "large":
        with opening.large_at_once:
            began = time.monotonic()
            time.sleep(1)
            return {"span": (began, time.monotonic()), "pid": os.getpid()}, b""
    elif words[0] == "slow":
        time.sleep(2)
    elif words[0] == "once":  # dies in the first process that sees it, as after a film that left damage behind
        try:
            os.close(os.open(words[1], os.O_CREAT | os.O_EXCL))
        except FileExistsError:
            pass
        else:
            os.abort()
    return {"said": words, "pid": os.getpid()}, b"body"


JOBS = {**REAL, "obey": obey}
