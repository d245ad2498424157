"""The settings of each section, with their defaults, help texts and limits."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from cxrtui.settings.field import among, at_least, between, setting, table_of
from cxrtui.settings.operating_rule import FORMS
from cxrtui.settings.transfer import FREEZE_LEVELS, StageRate, Unfreezing

VIEWS = ("frontal", "PA", "AP", "AP supine", "lateral", "unknown", "all")
EVALUATED = ("validation", "test")
FILES = ("data.splits", "data.exclude", "data.groups")
"""Settings that name a file of the user's."""
CALIBRATIONS = ("platt", "temperature", "isotonic", "none")
METRICS = ("loss", "accuracy", "auroc", "sensitivity", "specificity")


@dataclass(frozen=True)
class DataConfig:
    """Which films and classes count, how the films are split, and how they are stored."""

    source: tuple[str, ...] = setting(
        (), "folders, CSV manifests, LAYOUT:PATH or tfds:NAME; a comma in a path is \\,", label="Data", often=True
    )
    positive: tuple[str, ...] = setting((), "findings that count as positive; * is every other finding", often=True)
    negative: tuple[str, ...] = setting((), "findings that count as negative; * is every other finding", often=True)
    views: tuple[str, ...] = setting(("frontal",), "views of the films that are used", among(*VIEWS))
    size: int = setting(
        224, "width and height of the network's input, pixels", between(32, 1024), label="Image size", often=True
    )
    resize_mode: str = setting(
        "stretch", "how an image becomes square; its older name is data.fit", among("stretch", "crop", "pad")
    )
    splits: str = setting("", "a splits.csv to reuse instead of making a new split")
    validation: float = setting(0.15, "fraction of films for validation", between(0.01, 0.8))
    test: float = setting(0.15, "fraction of films for test", between(0.01, 0.8))
    max_bad: float = setting(0.01, "fraction of unreadable films above which the run stops", between(0.0, 1.0))
    patient_pattern: str = setting("", "regular expression on the file name; group 1 is the patient")
    exclude: str = setting("", "a text file of paths, one a line, of films that are left out")
    groups: str = setting("", "a CSV file that says of two films whether they are of one patient")
    duplicates: str = setting(
        "near",
        "which copies of a film stay in one split: all, or byte-identical ones alone",
        among("near", "identical"),
    )
    conflicts: str = setting(
        "error", "what becomes of copies of one film that are in both classes", among("error", "drop")
    )
    identifiers: str = setting("hashed", "patients and sites of DICOM, which logs then show", among("hashed", "raw"))
    feed: str = setting("auto", "where films live while training", among("auto", "device", "stream"))


@dataclass(frozen=True)
class AugmentConfig:
    """Random changes to each training film; 0 turns a change off. Validation and test films are never changed."""

    rotation: float = setting(10.0, "largest rotation, degrees", between(0.0, 180.0))
    flip: float = setting(0.5, "probability of a left-right flip", between(0.0, 1.0))
    brightness: float = setting(0.1, "largest shift of brightness, fraction of the grey range", between(0.0, 1.0))
    contrast: float = setting(0.1, "largest relative change of contrast", between(0.0, 0.9))
    scale: float = setting(0.1, "largest relative change of size", between(0.0, 0.5))
    translation: float = setting(0.05, "largest shift, fraction of the image size", between(0.0, 0.5))
    mixup: float = setting(
        0.0, "mixup: parameter alpha of the beta distribution from which the shares of two films are drawn",
        between(0.0, 10.0),
    )  # fmt: skip


@dataclass(frozen=True)
class ModelConfig:
    """The network: ResNet-50 v1.5 and the layers on top."""

    init: str = setting(
        "imagenet", "imagenet, random, a name on the shelf, or a file of weights", label="Weights", often=True
    )
    freeze: str = setting(
        "none", "freeze the network up to and with this group", among(*FREEZE_LEVELS), label="Freeze up to", often=True
    )
    unfreeze: tuple[Unfreezing, ...] = setting(
        (), "EPOCH:GROUP, ...: from that epoch on GROUP and all above it train", table_of(Unfreezing)
    )
    dropout: float = setting(0.3, "dropout rate before each layer on top", between(0.0, 0.95))
    hidden: tuple[int, ...] = setting((256,), "widths of the layers on top, before the final two units")
    width: int = setting(64, "channels of the stem; 64 is ResNet-50", between(4, 256))
    stages: tuple[int, ...] = setting((3, 4, 6, 3), "blocks of each stage; 3,4,6,3 is ResNet-50")
    precision: str = setting("auto", "arithmetic of the network", among("auto", "float32", "bfloat16"))
    batch_norm: str = setting(
        "batch",
        "films by whose mean and variance batch normalisation trains: those of the whole batch, or on several devices "
        "those of a device's own share (device)",
        among("batch", "device"), label="Normalised by",
    )  # fmt: skip


@dataclass(frozen=True)
class OptimConfig:
    """The optimizer, its schedule and the loss."""

    epochs: int = setting(30, "largest number of passes over the training films", between(1, 100_000), often=True)
    batch_size: int = setting(
        32, "films a step, or auto (0): as many as suit the number of films and the memory",
        between(0, 4096, auto=0), often=True,
    )  # fmt: skip
    name: str = setting("adamw", "optimizer", among("adam", "adamw", "sgd"))
    learning_rate: float = setting(1e-3, "peak learning rate", between(0.0, 10.0), often=True)
    head_learning_rate: float = setting(
        0.0, "peak learning rate of the layers on top; 0 = the same", between(0.0, 10.0)
    )
    stage_learning_rates: tuple[StageRate, ...] = setting(
        (), "GROUP:RATE, ...: peak learning rates of stem and stage1 to stage4; others have learning_rate",
        table_of(StageRate),
    )  # fmt: skip
    schedule: str = setting("onecycle", "course of the learning rate", among("constant", "cosine", "onecycle"))
    warmup: float = setting(0.1, "fraction of all steps in which the rate rises", between(0.0, 0.9))
    weight_decay: float = setting(0.01, "decay of weights, not of norms and biases", between(0.0, 1.0))
    clip: float = setting(1.0, "largest global norm of the gradient; 0 = no limit", at_least(0.0))
    momentum: float = setting(0.9, "momentum of sgd", between(0.0, 0.999))
    class_weights: str = setting("balanced", "weights of the two classes in the loss", among("balanced", "none"))
    label_smoothing: float = setting(0.0, "label smoothing", between(0.0, 0.5))
    ema_decay: float = setting(
        0.0,
        "decay of the moving average of the weights that validation, test and export use; 0 = the weights themselves",
        between(0.0, 0.9999),
    )


@dataclass(frozen=True)
class TrainConfig:
    """How often the films pass through the frozen groups of the network (``model.freeze``)."""

    views: int = setting(
        0,
        "augmented views of each film whose output of the frozen groups is computed once and kept; 0 = films pass "
        "through the frozen groups in every epoch, with new augmentation",
        between(0, 1000), label="Kept views",
    )  # fmt: skip
    cache_gb: float = setting(
        20.0,
        "largest size on disk, GB, of what train.views keeps, of all runs; what was used least recently is removed",
        between(0.0, 100_000.0), label="Cache, GB",
    )  # fmt: skip


@dataclass(frozen=True)
class StopConfig:
    """Early stopping, decided after each epoch by the validation split."""

    metric: str = setting(
        "loss", "metric of the validation split that decides", among(*METRICS), label="Early stop on", often=True
    )
    patience: int = setting(
        8, "epochs without improvement before the run stops; 0 = never stop early", at_least(0), often=True
    )
    min_delta: float = setting(0.0, "smallest change that counts as an improvement", at_least(0.0))


@dataclass(frozen=True)
class RunConfig:
    """The run itself."""

    seed: int = setting(0, "seed of split, order, augmentation and initial weights", between(0, 2**31 - 1))
    devices: int = setting(
        0, "devices that share each batch, or all (0): as many of those here as can share it equally",
        between(0, 4096, auto=0, word="all"),
    )  # fmt: skip
    checkpoint_minutes: float = setting(5.0, "minutes between checkpoints inside an epoch", at_least(0.0))
    evaluate: tuple[str, ...] = setting(
        EVALUATED, "splits on which the best weights are evaluated at the end", among(*EVALUATED)
    )
    calibration: str = setting(
        "platt",
        "how probabilities are calibrated on the validation films: platt (a temperature and a bias), temperature "
        "(alone), isotonic or none",
        among(*CALIBRATIONS),
    )
    operating_point: str = setting(
        "0.5", f"rule for the threshold, set on the validation films: {FORMS}", label="Operating point"
    )
    profile: int = setting(
        0, "steps of the first epoch that are written as a trace of jax.profiler; 0 = none", between(0, 1000)
    )
    mirror: str = setting("", "URL to which the run is copied after each checkpoint, as URL/RUN: s3://bucket/runs")
    notify: str = setting("", "command that is run when the run has ended; CXRTUI_STATUS, CXRTUI_MESSAGE, … say how")


SECTIONS: dict[str, type[Any]] = {
    "data": DataConfig, "augment": AugmentConfig, "model": ModelConfig,
    "optim": OptimConfig, "train": TrainConfig, "stop": StopConfig, "run": RunConfig,
}  # fmt: skip
"""The sections by their names in a file."""
