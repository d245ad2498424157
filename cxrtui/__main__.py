"""The ``cxrtui`` command, also as ``python -m cxrtui``."""

from __future__ import annotations

import sys

_COMPUTING = frozenset({"classify", "demo", "evaluate", "tune"})


def main() -> None:
    """Run the command line, with large pages where this process computes; see `memory`."""
    try:
        _main()
    except KeyboardInterrupt:  # while modules are imported: `cli.main` answers later ones
        print("interrupted", file=sys.stderr)
        sys.exit(130)


def _main() -> None:
    words = frozenset(sys.argv[1:])
    if _COMPUTING & words or {"train", "--headless"} <= words:
        from cxrtui import memory

        memory.start_again()
    from cxrtui.cli import main as run

    run()


if __name__ == "__main__":
    main()
