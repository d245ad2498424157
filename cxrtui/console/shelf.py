"""The output of ``weights list``."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from rich.table import Column, Table
from rich.text import Text

from cxrtui import strict_json
from cxrtui.console.rich_text import PrintableConsole

if TYPE_CHECKING:
    from cxrtui.weights.shelf import Entry


def shelf_row(entry: Entry) -> dict[str, Any]:
    """Return one place of the shelf as plain values."""
    manifest, published = entry.manifest, entry.published
    format = manifest.format if manifest else published.format if published else None
    return {
        "name": entry.name,
        "status": "damaged" if entry.error else "present" if manifest else "not fetched",
        "kind": "classifier" if manifest and manifest.labels else "network",
        "bytes": entry.bytes or (published.bytes if published else 0) or None,
        "licence": (manifest.licence if manifest else published.licence if published else "") or None,
        "format": format,
        "flavour": format,  # the earlier name of the key, which programs may read
        "source": (manifest.source if manifest else published.address if published else "") or None,
        "revision": (manifest.revision if manifest else published.revision if published else "") or None,
        "sha256": (manifest.sha256 if manifest else "") or None,
        "labels": list(manifest.labels) if manifest else [],
        "taken": (manifest.taken if manifest else "") or None,
        "left": list(manifest.left) if manifest else [],
        "folder": str(entry.folder) if manifest or entry.error else None,
        "error": entry.error or None,
    }


def print_shelf(entries: Iterable[Entry], as_json: bool) -> None:
    """Print the shelf, and the published weights that are not on it, to stdout."""
    what_column = Column("what", overflow="fold")
    table = Table("name", "status", "size", "licence", what_column, box=None, pad_edge=False)
    for entry in entries:
        row = shelf_row(entry)
        if as_json:
            print(strict_json.dumps(row))
            continue
        what = f"{' / '.join(row['labels'])} from {row['source']}" if row["labels"] else row["source"]
        size = f"{row['bytes'] / 1e6:.1f} MB" if row["bytes"] else "–"
        table.add_row(row["name"], row["status"], size, row["licence"] or "–", Text(row["error"] or what or "–"))
    if not as_json:
        PrintableConsole().print(table)
