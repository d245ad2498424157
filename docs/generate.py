"""Write the pages of docs/ that are made from the code: settings, events and the keys of weights.

    python docs/generate.py            # write them
    python docs/generate.py --check    # say which of them are not what the code says, and exit 1

A test compares them too, so a page cannot fall behind the code that it describes.
"""

from __future__ import annotations

import argparse
import dataclasses
import inspect
import json
import sys
import typing
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

from cxrtui.runs import events
from cxrtui.settings import config, tuning
from cxrtui.settings.listing import Setting, listed
from cxrtui.weights import formats

DOCS = Path(__file__).resolve().parent
COMMAND = "python docs/generate.py"
SECTIONS = {**config.SECTIONS, tuning.SECTION: tuning.TuneConfig}
NOTE = f"<!-- `{COMMAND}` writes this page from the code; change the code, not the page. -->\n\n"


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table of Markdown; a bar in a cell is escaped."""
    lines = [head, ["---"] * len(head), *rows]
    return "".join(f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in line)} |\n" for line in lines)


def code(value: object) -> str:
    """`value` as Markdown shows a word of a program; nothing for an empty text."""
    return f"`{text}`" if (text := str(value)) else ""


# Settings


def type_in_words(kind: Any) -> str:
    """What a setting of the type `kind` takes."""
    if typing.get_origin(kind) is tuple:
        return {str: "texts", int: "whole numbers"}[typing.get_args(kind)[0]] + ", by commas"
    return {str: "text", int: "whole number", float: "number", bool: "true or false"}[kind]


def allowed(item: Setting) -> str:
    """The type of a setting, with its limits or its choices."""
    if item.choices:
        return ("any of " if item.several else "") + ", ".join(map(code, item.choices))
    if item.table is not None:
        return "table"
    kind = typing.get_type_hints(SECTIONS[item.section])[item.key.partition(".")[2]]
    return ", ".join(filter(None, (type_in_words(kind), item.allowed)))


def settings_page() -> str:
    """Every setting of `cxrtui.settings.sections` and of a search, section by section."""
    parts = [NOTE, SETTINGS_TOP]
    for section, cls in SECTIONS.items():
        rows = [
            (code(item.key), code(config.as_text(item.default)), allowed(item), item.about)
            for item in listed(section, cls)
        ]
        parts.append(f"\n## {section}\n\n{inspect.cleandoc(cls.__doc__ or '')}\n\n")
        parts.append(table(("setting", "default", "values", "what it is"), rows))
    return "".join(parts)


SETTINGS_TOP = """\
# Settings, one by one

[training.md](training.md) tells how settings are given and which of several wins. `cxrtui train --settings` prints
this list with the values that hold in a workspace; `--set section.key=value` sets one, and a TOML file has a table
for each section:

    [optim]
    epochs = 40

    [optim.stage_learning_rates]
    stage4 = 1e-4
    stage3 = 4e-5

A comma within an item of a list is written `\\,` after `--set`; in TOML a list is a list. A table is one in TOML, and
`--set optim.stage_learning_rates=stage4:1e-4,stage3:4e-5` after `--set`. A value outside its
limits and an unknown key are errors (exit code 2), and the message names the nearest key that there is.
"""


# Events


def json_type(annotation: Any) -> str:
    """How JSON holds a value of the type `annotation`."""
    plain = {int: "whole number", float: "number or null", str: "text", bool: "true or false", Any: "any"}
    if annotation in plain:
        return plain[annotation]
    inner = typing.get_args(annotation)
    if typing.get_origin(annotation) is list:
        return f"list of: {json_type(inner[0])}"
    if typing.get_origin(annotation) is dict:
        return f"object of: {json_type(inner[1])}"
    return " or ".join("null" if kind is type(None) else json_type(kind) for kind in inner)


def default_of(item: dataclasses.Field[Any]) -> str:
    """What an older log, which lacks the field, is read as; empty where the field is always there."""
    if item.default_factory is not dataclasses.MISSING:
        return code(json.dumps(item.default_factory()))
    if item.default is dataclasses.MISSING:
        return ""
    return code(json.dumps(item.default))


def events_page() -> str:
    """Every type of line in a run's log."""
    common = {item.name for item in dataclasses.fields(events.Event)}
    parts = [NOTE, EVENTS_TOP]
    for name, cls in events.TYPES.items():
        kinds = typing.get_type_hints(cls)
        own = [item for item in dataclasses.fields(cls) if item.name not in common]
        rows = [(code(item.name), json_type(kinds[item.name]), default_of(item)) for item in own]
        parts.append(f"\n## {name}\n\n{inspect.cleandoc(cls.__doc__ or '')}\n\n")
        parts.append(table(("field", "JSON", "where it is missing"), rows))
    return "".join(parts)


EVENTS_TOP = f"""\
# The log of a run, for programs

`events.jsonl` in a run's folder holds a JSON object a line, in the order in which things happened. `cxrtui
--headless train --json` prints the same lines on stdout while it trains. Whatever cxrtui shows of a run, it reads
from there.

    {{"v": {events.VERSION}, "type": "StepDone", "time": 1764000000.0, "step": 1, "loss": 0.69, …}}

`v` is the version of this schema, {events.VERSION}; `type` is one of the names below; `time` is in seconds since
the epoch (UTC). The last line may be torn while a run writes: take what ends with a newline, and keep the rest for
the next look. Skip types and fields that you do not know: later versions add some, and never change what one means
under the same `v`. A number that is not finite is `null`. A field with an entry in the last column may be missing
in logs of older versions, and then means that.

After `Resumed` with `restored` true, whatever the log says of later steps than its `step` was lost with a process
that ended, and happens again.
"""


# Keys of weights

VARIABLES: tuple[tuple[str, tuple[str | int, ...]], ...] = (
    ("stem: convolution", ("stem", "conv", "kernel")),
    ("stem: scale of its normalisation", ("stem", "norm", "scale")),
    ("stem: bias", ("stem", "norm", "bias")),
    ("stem: running mean", ("stem", "norm", "mean")),
    ("stem: running variance", ("stem", "norm", "var")),
    ("stage1, first block: first convolution", ("stage1", "blocks", 0, "conv1", "kernel")),
    ("stage1, first block: convolution of the shortcut", ("stage1", "blocks", 0, "conv_shortcut", "kernel")),
    ("stage1, first block: scale behind it", ("stage1", "blocks", 0, "norm_shortcut", "scale")),
    ("stage4, third block: third convolution", ("stage4", "blocks", 2, "conv3", "kernel")),
    ("stage4, third block: scale behind it", ("stage4", "blocks", 2, "norm3", "scale")),
    ("head: kernel", ("head", "layers", 0, "kernel")),
    ("head: bias", ("head", "layers", 0, "bias")),
)


def numbers(values: Sequence[float]) -> str:
    """Numbers by commas."""
    return ", ".join(f"{value:g}" for value in values)


def keys_page() -> str:
    """The table of each format of `cxrtui.weights.formats`, spelt out for some of the network's variables."""
    parts = [NOTE, KEYS_TOP]
    facts = []
    for name, kind in formats.FORMATS.items():
        shown = kind.normalisation
        facts.append((
            f"[{name}](#{name})", kind.architecture, f"{kind.epsilon:g}", kind.layout,
            f"{shown.order}, white is {shown.scale:g}, less {numbers(shown.mean)}, by {numbers(shown.std)}",
        ))  # fmt: skip
    parts.append(table(("format", "network", "epsilon", "convolutions", "input"), facts))
    for name, kind in formats.FORMATS.items():
        rows = [(words, code(kind.key(path, (kind.inner, "")))) for words, path in VARIABLES]
        parts.append(f"\n## {name}\n\nAs {kind.written_by} writes it.")
        parts.append(f" The file's name must match {code(kind.file_name)}." if kind.file_name else "")
        parts.append(f" Keys that hold no weight: {', '.join(map(code, kind.ignored))}." if kind.ignored else "")
        parts.append("\n\n" + table(("variable", "key in the file"), rows))
    return "".join(parts)


KEYS_TOP = """\
# Keys of weights

Which keys of a file hold which variables of the network, for each format that `cxrtui weights port` reads.
[weights.md](weights.md) tells what else a file may hold, and under which prefixes the network may stand. A
convolution's bias, where a file has one, is folded into the running mean behind it.

"""

PAGES: dict[str, Callable[[], str]] = {
    "settings.md": settings_page, "events.md": events_page, "weight-keys.md": keys_page,
}  # fmt: skip


def stale(folder: Path = DOCS) -> list[str]:
    """The pages in `folder` that are not what the code says."""
    return [
        name
        for name, page in PAGES.items()
        if not (folder / name).is_file() or (folder / name).read_text(encoding="utf-8") != page()
    ]


def main(arguments: Sequence[str] | None = None) -> int:
    """Write the pages, or say which are stale; the exit code."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--check", action="store_true", help="write nothing; exit 1 where a page is not up to date")
    old = stale()
    if parser.parse_args(arguments).check:
        for name in old:
            print(f"docs/{name} is not what the code says; run {COMMAND}.", file=sys.stderr)
        return bool(old)
    for name in old:
        (DOCS / name).write_text(PAGES[name](), encoding="utf-8")
        print(f"docs/{name}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
