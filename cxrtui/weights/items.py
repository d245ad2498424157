"""The items of a checkpoint that hold arrays: how Orbax writes them and reads them, and what they are made of.

Orbax is imported when it is used: it takes half a second, and the first step of a new run needs none of it.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import jax

from cxrtui.files import read_text
from cxrtui.weights import packed

if TYPE_CHECKING:
    import orbax.checkpoint as ocp

Tree = Any

ARRAYS = ("weights", "frozen", "optimizer")


def parted(variables: Tree) -> dict[str, Tree]:
    """Return `variables` by item: ``frozen`` has the frozen parameters, if there are any, and ``weights`` the rest."""
    if not isinstance(variables, Mapping) or not jax.tree.leaves(variables.get("frozen")):
        return {"weights": variables}
    rest = {name: tree for name, tree in variables.items() if name != "frozen"}
    return {"weights": rest, "frozen": variables["frozen"]}


def saver() -> ocp.AsyncCheckpointer:
    """Return what writes the items, without compression: that takes more time than to write the 8 % that it saves."""
    import orbax.checkpoint as ocp

    alone = _alone()
    handlers = {
        item: ocp.PyTreeCheckpointHandler(use_compression=False, multiprocessing_options=alone) for item in ARRAYS
    }
    return ocp.AsyncCheckpointer(_composite(**handlers), multiprocessing_options=alone)


def _alone() -> Any:
    """Return Orbax's options with which this process waits for no other one, as all have all variables."""
    from orbax.checkpoint.options import MultiprocessingOptions

    own = jax.process_index()
    return MultiprocessingOptions(primary_host=own, active_processes={own}, barrier_sync_key_prefix=f"process{own}")


def _composite(**handlers: Any) -> ocp.CompositeCheckpointHandler:
    import orbax.checkpoint as ocp

    options = ocp.CompositeOptions(multiprocessing_options=_alone())
    return ocp.CompositeCheckpointHandler(composite_options=options, **handlers)


def to_save(trees: Mapping[str, Tree]) -> ocp.args.Composite:
    """Return copies of some items, packed, for a save."""
    import orbax.checkpoint as ocp

    return ocp.args.Composite(**{item: ocp.args.PyTreeSave(packed.pack(tree)) for item, tree in trees.items()})


def read(folder: Path, likes: Mapping[str, Tree]) -> dict[str, Tree]:
    """Return the arrays of some items of the checkpoint in `folder`, each like its pytree in `likes`.

    Raises:
        ValueError: an item holds other arrays; or another error of Orbax, if it is torn.
    """
    import orbax.checkpoint as ocp

    lists, wanted = {}, dict[str, Any]()
    for item, like in likes.items():
        names = folder / item / packed.LIST
        lists[item] = read_text(names) if names.is_file() else ""  # an older version wrote each array by itself
        wanted[item] = ocp.args.PyTreeRestore() if lists[item] else ocp.args.StandardRestore(like)
    with ocp.Checkpointer(_composite(), multiprocessing_options=_alone()) as reader:
        found = reader.restore(folder, args=ocp.args.Composite(**wanted))
    return {
        item: packed.unpack(found[item], lists[item], like) if lists[item] else found[item]
        for item, like in likes.items()
    }


def link(source: str, target: str) -> None:
    """Let `target` be the file `source` too, or a copy of it where the file system has no such links."""
    try:
        os.link(source, target)
    except OSError:
        shutil.copyfile(source, target)
