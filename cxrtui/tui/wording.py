"""Words messages of the rooms below for the dashboard: they name options of the command line, and here there are keys.

The messages of `data` say what to do in the words of ``cxrtui train``. `in_fields` says the same with the fields of the
form. Those of `weights` name ``cxrtui weights``, and `in_keys` says the same with the keys of the Weights screen. Tests
read every such message in the code and find no option or command in what this module makes of it.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from cxrtui.tui.keys import key_of

_VALUE = r"(?:'[^']*'|\"[^\"]*\"|[^\s;()']*[^\s;,.()'])"
_CLASSES = re.compile(
    rf"(?:with )?--set '?data\.positive=(?P<plus>{_VALUE})'? --set '?data\.negative=(?P<minus>{_VALUE})'?"
)
_RULE = re.compile(r"--set data\.positive=… --set data\.negative=… change it")
_RESUME = re.compile(
    r"(?:name where they lie now, every --data of the run again, with|say where they lie with): "
    r"cxrtui (?:--headless )?train --resume .*? --data NEWPATH"
)
_SOURCES = re.compile(r"(?:with )?--data ([A-Z]+) --data ([A-Z]+) (?:and )?")


def _classes(found: re.Match[str]) -> str:
    """Return how to name both classes in the form."""
    plus, minus = (found[side].strip("'\"") for side in ("plus", "minus"))
    if "CLASS" in (plus, minus):
        return "with the fields Positive and Negative of the form"
    return f"with {plus} in the field Positive and {minus} in the field Negative of the form"


def _sources(found: re.Match[str]) -> str:
    """Return how to name two sources in the form."""
    return f"with {found[1]},{found[2]} in the field Data, "


_RULES: tuple[tuple[re.Pattern[str], str | Callable[[re.Match[str]], str]], ...] = (
    (_RESUME, "say below where they are now"),
    (_RULE, "the fields Positive and Negative of the form change it"),
    (_SOURCES, _sources),
    (_CLASSES, _classes),
    (re.compile(r"with --set data\.conflicts=drop"), "with drop in the field Conflicts of the form"),
    (re.compile(r"add --data PATH"), "type a path"),
    (re.compile(r"give each --data once"), "name each path once"),
    (re.compile(r"with (?:a second|one more) --data"), "with one more path, behind a comma"),
    (re.compile(r"name each with a --data of its own"), "name each as a path of its own, with commas between them"),
    (re.compile(r"an earlier --data too"), "an earlier path too"),
    (re.compile(r"by one --data and (.*?) by another"), r"by one path and \1 by another"),
    (re.compile(r"leave one --data out"), "leave one path out"),
    (re.compile(r"so name that: --data (\S+)"), r"so name that: \1"),
    (re.compile(r"Join it with --data MORE"), "Join it with more films: their path, behind a comma"),
    (re.compile(r"check --data"), "check the path"),
    (
        re.compile(r"(join films of \w+ places) with more(?: than one)? --data"),
        r"\1: their paths in the field Data, with commas",
    ),
    (re.compile(r"choose --protocol (\S*\w)"), rf"choose \1 ({key_of('launch', 'protocol')})"),
    (re.compile(r"so lower --folds, or add films"), "so add films"),
)


def in_fields(text: str) -> str:
    """Return `text` with the fields of the form where it names options of the command line."""
    for pattern, words in _RULES:
        text = pattern.sub(words, text)
    return text.replace("(--init random)", f"(random in the field Weights; {key_of('launch', 'weights')} shows others)")


_KEYS = (
    (r"put it on the shelf with: cxrtui weights port .*? --out NAME --range RANGE, where RANGE is ",
     "put it on the shelf ({port}), with its range in the field Range: "),
    (r"put it on the shelf with: cxrtui weights port .*? --prefix (.+?) --out NAME",
     r"put it on the shelf ({port}), with \1 in the field Prefix"),
    (r"with: cxrtui weights fetch [^ ;]+;", "with {fetch};"),
    (r"with: cxrtui weights port FILE --out NAME", "with {port}"),
    (r"For another file: cxrtui weights port FILE --out NAME", "Another file is put on the shelf with {port}"),
    (r"\(cxrtui weights fetch or port, with --force\)", "({fetch}; a file of yours: {port})"),
    (r"cxrtui weights fetch \S+ goes on from there", "{fetch} goes on from there"),
    (r"and run: cxrtui weights port \S+ --out (\S+)", r"and put it on the shelf ({port}) as \1"),
    (r"see cxrtui weights list", "{shelf} shows what is here"),
    (r"\(--init random\)", "(random in the field Weights)"),
    (r"\(--ema\)", "(ema in the field Copy)"),
    (r"--range is for", "a range is for"),
    (r" \(or --offline\)", ""),
    (r", or put the new one in the place of a model by --force", ""),
)  # fmt: skip


def in_keys(text: str, *, here: bool = False) -> str:
    """Return a message of `weights` with keys where it names commands; `here`: it is shown on the Weights screen."""
    shelf = key_of("launch", "weights")
    names = {action: key_of("weights", action) for action in ("fetch", "port")}
    if not here:
        names = {action: f"{shelf}, then {key}" for action, key in names.items()}
    for pattern, words in _KEYS:
        text = re.sub(pattern, words.format(shelf=shelf, **names), text)
    return text
