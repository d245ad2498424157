"""Writes the card of a folder of the shelf, which tells people what the folder holds."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cxrtui import RESEARCH_ONLY

if TYPE_CHECKING:
    from cxrtui.weights.manifest import Manifest

_FORMATS = "the keys and layouts of {}, ported to Flax NNX; every key of the network was accounted for"


def network_card(manifest: Manifest) -> str:
    """Return the card of ported weights, in Markdown."""
    normal = manifest.normalisation
    facts = {
        "architecture": f"{manifest.network}, {manifest.classes} classes",
        "came as": _FORMATS.format(manifest.format),
        "taken": manifest.taken,
        "left": "; ".join(manifest.left),
        "source": manifest.source or "not recorded",
        "revision": manifest.revision,
        "licence": manifest.licence or "not recorded: find out before you pass it on",
        "input": f"{manifest.channels} channel(s), {normal.get('order', '')}; (pixels in [0, 1] × {normal.get('scale')}"
                 f" − {normal.get('mean')}) / {normal.get('std')}",
        "SHA-256 of the source": manifest.source_sha256,
        "SHA-256 of weights.safetensors": manifest.sha256 or "in model.toml",
    }  # fmt: skip
    rows = "\n".join(f"- {name}: {value}" for name, value in facts.items() if value)
    return (
        f"# {manifest.name}\n\n{rows}\n\n"
        f"Start a run from it with `cxrtui train --init {manifest.name}`; load it from Python with "
        f'`weights.load("{manifest.name}")`.\n\n{RESEARCH_ONLY}\n'
    )
