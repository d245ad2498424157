"""``python -m cxrtui`` runs the ``cxrtui`` command."""

from cxrtui.cli import main

if __name__ == "__main__":
    main()
