"""Computes what the frozen groups of the network make of each film once, so that the epochs train only the rest.

Frozen groups are a fixed function of single films, since their batch normalisation uses its running averages. So a set
number of augmented views of each training film (``train.views``), and each validation film as it is, pass through them
once; epoch ``e`` has view ``e mod views`` of all films. A view is drawn by (seed, film, view). Features are on the
device if they fit there, else in mapped files; in either case they are kept in files (`feature_files`), so that a
resumed run, and trials of a search with the same frozen groups, find them there.

Several hosts compute them together, and each keeps those of all films, because the order of an epoch mixes the films.
What one of them lacks, all compute again, and what one of them cannot keep, all do without.
"""

from __future__ import annotations

import time
from collections.abc import Generator, Iterator, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cxrtui.data.augment import Strengths
from cxrtui.data.loader import SHARE, Batch, DeviceLoader, Indices, Loader, StreamLoader, free_memory
from cxrtui.data.prepared.ready import Split
from cxrtui.disk import explained
from cxrtui.errors import Cancelled
from cxrtui.evaluation.evaluator import Evaluator
from cxrtui.evaluation.predict import Predictor
from cxrtui.net import hosts
from cxrtui.net.classifier import ClassifierSpec
from cxrtui.net.cut import Cut
from cxrtui.net.layout import Layout
from cxrtui.runs import events as ev
from cxrtui.runs.size import counted, size_text
from cxrtui.settings import transfer
from cxrtui.settings.config import Config
from cxrtui.training.beside import alone
from cxrtui.training.encoding import Encoder, View
from cxrtui.training.feature_files import FeatureFiles, Kept
from cxrtui.training.feature_passes import Work, computed, found, keyed
from cxrtui.training.session import Prefix, Session
from cxrtui.training.step import Program, compile_step


def cut_of(config: Config, spec: ClassifierSpec) -> Cut | None:
    """Return where training takes the features of the frozen groups of `spec`; None if it begins with the images."""
    return Cut.of(spec, config.data.size) if config.train.views else None


def ready(session: Session) -> Generator[ev.Event, None, bool]:
    """Have the features that the next epoch or validation needs, if it begins with features.

    If they cannot be kept, a warning says so, and the session goes on with images.

    Returns:
        Whether a stop was requested; a checkpoint is then saved.
    """
    if session.cut is None or session.prefix is not None:
        return False
    try:
        session.prefix = yield from _prefix(session, session.cut)
    except Cancelled:
        return True
    if session.prefix is None:
        yield from _begin_with_images(session)
    return False


class _Views:
    """Has another view of the films of `split` in each epoch: a `Loader` of features."""

    def __init__(self, split: Split, views: Mapping[int, Loader], count: int) -> None:
        self.split, self._views, self._count = split, views, count

    def batch(self, indices: Indices) -> Batch:
        """See `Loader`."""
        return next(iter(self._views.values())).batch(indices)

    def batches(self, steps: Indices) -> Iterator[Batch]:
        """See `Loader`."""
        return next(iter(self._views.values())).batches(steps)

    def epoch(self, seed: int, epoch: int, batch: int, first_step: int = 0) -> Iterator[Batch]:
        """See `Loader`."""
        return self._views[epoch % self._count].epoch(seed, epoch, batch, first_step)


def _prefix(session: Session, cut: Cut) -> Generator[ev.Event, None, Prefix | None]:
    """Find or compute the features, and return what trains and validates on them; None if they cannot be kept.

    Raises:
        Cancelled: a stop was requested; a checkpoint is saved.
    """
    train, validation, layout = session.train, session.validation, session.call.layout
    files = FeatureFiles(int(session.config.train.cache_gb * 1e9))
    augmented, count, numbers = _numbers(session)
    total = cut.nbytes * (len(train.split) * len(numbers) + len(validation.split))
    on_device = all(hosts.all_told(total <= SHARE * free_memory(layout)))
    if not on_device and (why := next(filter(None, hosts.all_told(files.lack(total))), "")):
        yield _refused(f"the features of {len(train.split):,} films in {counted(len(numbers), 'view')} take "
                       f"{size_text(total)}, and {why}; lower train.views")  # fmt: skip
        return None
    yield ev.Encoding(
        group=cut.group, films=len(train.split), views=len(numbers), validation=len(validation.split), bytes=total,
        place="device" if on_device else "disk", folder=str(files.folder), augmented=augmented,
    )  # fmt: skip
    clock, stored_size = time.monotonic(), session.prepared.stored_size
    batch = layout.count * session.call.evaluation_batch
    encoder = Encoder(session.config, session.network, cut, layout, batch=batch, stored_size=stored_size)
    yield ev.Preparing(stage="compiling")
    predictor = Predictor(
        session.network.graphdef, session.config.data.size, stored_size, session.evaluator.predictor.batch, layout,
        cut, session.table,
    )  # fmt: skip
    alone(lambda: predictor.compile(session.network.state.evaluated))
    views = [View(f"{cut.group}/validation", validation, None)]
    views += [View(f"{cut.group}/{number}", train, number if augmented else None) for number in numbers]
    views = yield from keyed(session, encoder, views)
    features = yield from found(session, cut, files, views)
    lacked = {name for names in hosts.all_told([view.name for view in views if view.name not in features])
              for name in names}  # fmt: skip
    missing = [view for view in views if view.name in lacked]
    try:
        features |= yield from computed(session, cut, encoder, files, views, missing, on_device)
    except OSError as error:
        yield _refused(f"the features cannot be kept in {files.folder}: {explained(error)}")
        return None
    yield from _recorded(session, features)
    hosts.meet()
    loaders = [_loader(view, layout, features[view.name].array, on_device) for view in views]
    yield ev.Encoded(
        group=cut.group, computed=sum(map(len, missing)), found=sum(map(len, views)) - sum(map(len, missing)),
        bytes=total, seconds=time.monotonic() - clock,
    )  # fmt: skip
    return Prefix(
        train=_Views(train.split, dict(zip(numbers, loaders[1:], strict=True)), count), validation=loaders[0],
        evaluator=Evaluator(predictor, session.evaluator.class_weights, session.evaluator.smoothing),
    )  # fmt: skip


def _loader(view: View, layout: Layout, array: NDArray[Any], on_device: bool) -> Loader:
    if not on_device:
        return StreamLoader(view.source.split, layout, array)
    if isinstance(array, np.memmap):  # a device whose memory is the machine's may take over the pages of a mapped file
        array = np.array(array)
    return DeviceLoader(view.source.split, layout, array)


def _numbers(session: Session) -> tuple[bool, int, list[int]]:
    """Return whether views differ from the films, how many there are, and which the epochs of this level still need.

    All views of films that nothing changes are the same one.
    """
    config, model = session.config, session.config.model
    augmented = any(strength is not None for strength in vars(Strengths.of(config.augment)).values())
    count, first = config.train.views if augmented else 1, session.position.step // session.steps_per_epoch + 1
    needed = {
        epoch % count
        for epoch in range(first, config.optim.epochs + 1)
        if transfer.freeze_level_in(epoch, model.freeze, model.unfreeze) == session.network.spec.freeze
    }
    return augmented, count, sorted(needed)


def _recorded(session: Session, features: Mapping[str, Kept]) -> Iterator[ev.Event]:
    """Compare the features with those that the run had before it was resumed, and have checkpoints record them."""
    known = session.position.features
    if any(known.get(name, kept.digest) != kept.digest for name, kept in features.items()):
        yield ev.Warned(
            code="features-differ",
            message="The features of the frozen groups differ from those that the run had before, as they were "
            "computed by another version, on another device or with other settings; its end has other bits.",
        )
    session.position.features = known | {name: kept.digest for name, kept in features.items()}


def _refused(why: str) -> ev.Warned:
    return ev.Warned(code="without-features", message=f"The films pass through the frozen groups in every epoch, with "
                     f"new augmentation: {why}.")  # fmt: skip


def _begin_with_images(session: Session) -> Work:
    """Compile the step that takes images, as without ``train.views``."""
    group, session.cut = session.network.spec.freeze, None
    if any(name.startswith(f"{group}/") for name in session.position.features):
        yield ev.Warned(code="features-differ", message="The run had features of the frozen groups before, and goes on "
                        "without them; its end has other bits.")  # fmt: skip
    if session.step is None:
        return
    yield ev.Preparing(stage="compiling")
    clock, config, network = time.monotonic(), session.config, session.network
    program = Program.of(config, network.graphdef, group, session.call.layout, table=session.table)
    session.step = alone(
        lambda: compile_step(program, network.state, session.hyper, batch_size=config.optim.batch_size,
                             stored_size=session.prepared.stored_size)
    )  # fmt: skip
    hosts.meet()
    yield session.compiled(time.monotonic() - clock)
