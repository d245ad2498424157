"""What this process frees stays in it: the pages of a large block are not cleared again and again."""

from __future__ import annotations

import os
import resource
import subprocess
import sys

import pytest

_PROGRAM = """
import resource
import numpy as np
from cxrtui.net import memory

kept = memory.keep_freed()
def faults():
    before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    np.ones(64 << 17).sum()  # 64 MiB
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before
faults()
print(kept, faults())
"""


@pytest.mark.skipif(
    not hasattr(os, "confstr") or "glibc" not in (os.confstr("CS_GNU_LIBC_VERSION") or ""), reason="glibc"
)
def test_memory_that_was_freed_is_used_again_without_page_faults() -> None:
    found = subprocess.run([sys.executable, "-c", _PROGRAM], capture_output=True, text=True, check=True)
    kept, faults = found.stdout.split()
    assert kept == "True"
    assert int(faults) < 64 << 20 >> resource.getpagesize().bit_length() + 2  # 1/8 of its pages
