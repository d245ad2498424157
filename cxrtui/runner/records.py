"""What is written beside the log of a run: its configuration, and what it was made with and from."""

from __future__ import annotations

import importlib.metadata
import platform
import secrets

import tomlkit

from cxrtui import __version__, strict_json
from cxrtui.files import write_atomic
from cxrtui.runs import events
from cxrtui.runs.folder import Run
from cxrtui.settings import config
from cxrtui.settings.config import Config
from cxrtui.settings_toml import add_settings

_PACKAGES = ("jax", "flax", "optax", "orbax-checkpoint", "tensorflow-datasets", "numpy", "pillow", "scikit-learn")


def versions() -> dict[str, str]:
    """Return the versions of cxrtui, Python and the packages that a result depends on."""
    found = {"cxrtui": __version__, "python": platform.python_version()}
    for name in _PACKAGES:
        try:
            found[name] = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            found[name] = "absent"
    return found


def start_config(run: Run) -> Config:
    """Return the configuration that `run` began with.

    Raises:
        ConfigError: the run's config.toml is missing or broken.
    """
    return config.load(run.config_file)


def save_config(run: Run, settings: Config) -> None:
    """Write config.toml, with a comment beside each setting that says what it is for."""
    document = tomlkit.document()
    add_settings(document, settings, explained=True)
    write_atomic(run.config_file, tomlkit.dumps(document))


def keep(run: Run, settings: Config, device: dict[str, object], data: events.DataPrepared) -> None:
    """Record the manifest of a new run; of a resumed run, record where its films have moved to, and its devices."""
    if not run.manifest_file.exists():
        _write_manifest(run, settings, device, data)
    before = start_config(run)
    if (before.data.source, before.run.devices) != (settings.data.source, settings.run.devices):
        save_config(run, settings)


def _write_manifest(run: Run, settings: Config, device: dict[str, object], data: events.DataPrepared) -> None:
    body = {
        "run": run.name, "id": secrets.token_hex(8), "seed": settings.run.seed, "versions": versions(),
        "device": device,
        "data": {"source": data.source, "fingerprint": data.fingerprint, "labels": data.labels,
                 "counts": data.counts, "patients": data.patients,
                 "content": data.content, "division": data.division},
    }  # fmt: skip
    write_atomic(run.manifest_file, strict_json.dumps(body, indent=2) + "\n")
