"""This section says from what the run was made, so that somebody else can make it again and compare."""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from typing import Any

from cxrtui import __version__
from cxrtui.evaluation.report.blocks import Block, Code, Facts, Section, Table, Text
from cxrtui.evaluation.report.material import Material, name_of
from cxrtui.files import sha256
from cxrtui.settings.config import Config
from cxrtui.settings.field import as_text

_LEFT_OUT = ("run.notify", "run.checkpoint_minutes")  # settings that decide no number
_PATHS = ("data.splits", "data.exclude", "data.groups", "model.init")


def section(material: Material) -> Section:
    """Return seed, versions, devices, hashes, settings, and the command that makes the run again."""
    state, manifest = material.state, material.manifest
    recorded = manifest.get("data") if isinstance(manifest.get("data"), dict) else {}
    assert isinstance(recorded, dict)
    seed = manifest.get("seed", state.config.get("run", {}).get("seed", "not recorded"))
    facts = [
        ("run", material.run.name), ("id", str(manifest.get("id", "not recorded"))), ("seed", str(seed)),
        ("device", _device(manifest.get("device") or state.device)),
        ("trained with", _versions(manifest.get("versions") or state.versions)),
        ("report made by", f"cxrtui {__version__}"),
    ]  # fmt: skip
    blocks: list[Block] = [Facts(facts)]
    data = state.data
    hashes = [
        ("films (content)", str(recorded.get("content") or (data.content if data else ""))),
        ("films (split of each)", str(recorded.get("division") or (data.division if data else ""))),
        ("prepared films", str(recorded.get("fingerprint") or (data.fingerprint if data else ""))),
        *((name, digest) for name, digest in material.hashes.items()), *_weights(material),
    ]  # fmt: skip
    if rows := [(name, digest) for name, digest in hashes if digest]:
        blocks.append(Table("Hashes: the same ones mean the same films, settings and weights", ("of", "hash"), rows))
    if material.config is None:
        blocks.append(Text("The settings of the run cannot be read, so that no command makes it again.", "lacking"))
    else:
        blocks += [
            Text("This command makes the run again in a folder that holds its films; of paths the last name is shown."),
            Code(command(material.config, material.run.name), "Command that reproduces the run"),
            _settings(material.config),
        ]  # fmt: skip
    return Section("provenance", "Provenance", blocks)


def command(config: Config, name: str) -> str:
    """Return the command that makes a run with these settings, for a shell; paths have their last name alone."""
    words = ["cxrtui", "--headless", "train", "--run", f"{name[:58]}-again"]
    for source in config.data.source:
        words += ["--data", name_of(source)]
    for key, value, default in _values(config):
        if key != "data.source" and value != default and key not in _LEFT_OUT:
            words += ["--set", f"{key}={value}"]
    return shlex.join(words)


def _values(config: Config) -> list[tuple[str, str, str]]:
    """Return each setting: key, value and default as texts that ``--set`` takes."""
    defaults = Config().as_dict()
    found = []
    for section, body in config.as_dict().items():
        for name, value in body.items():
            key, shown = f"{section}.{name}", _text(value)
            if key == "data.source":
                shown = as_text([name_of(item) for item in value])
            elif key in _PATHS and shown:
                shown = name_of(shown)
            found.append((key, shown, _text(defaults[section][name])))
    return found


def _text(value: Any) -> str:
    if isinstance(value, Mapping):
        return ",".join(f"{name}:{item}" for name, item in value.items())
    return as_text(value)


def _settings(config: Config) -> Table:
    rows = [(key, value, "" if value == default else default or "empty") for key, value, default in _values(config)
            if key != "run.notify"]  # fmt: skip
    return Table("All settings", ("setting", "value", "default, where it is another"), rows)


def _device(device: Any) -> str:
    if not isinstance(device, Mapping) or not device:
        return "not recorded"
    kind, count = device.get("kind", "unknown"), device.get("count")
    return f"{count} × {kind}" if isinstance(count, int) and count > 1 else str(kind)


def _versions(versions: Any) -> str:
    if not isinstance(versions, Mapping) or not versions:
        return "not recorded"
    return ", ".join(f"{name} {version}" for name, version in versions.items())


def _weights(material: Material) -> list[tuple[str, str]]:
    """Return the hash of the list of digests of each checkpoint that was evaluated."""
    found = []
    for step in sorted({item.step for item in material.state.evaluations.values()}):
        try:
            found.append((f"weights of step {step} (digests.json)",
                          sha256(material.run.state / str(step) / "digests.json")))  # fmt: skip
        except OSError:
            continue
    return found
