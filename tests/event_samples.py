"""A log as a run writes it, for tests that read one."""

from cxrtui.runs import events as ev


def epoch_events(epoch: int, *, steps: int = 3, best: bool = True, start: float = 1000.0) -> list[ev.Event]:
    """One epoch: its steps, its validation, its verdict."""
    first = (epoch - 1) * steps
    clock = start + 100.0 * epoch
    events: list[ev.Event] = [
        ev.StepDone(
            time=clock + index, step=first + index + 1, epoch=epoch, epochs=10, steps_per_epoch=steps, loss=1.0 / epoch,
            accuracy=0.5, learning_rate=1e-3, gradient_norm=1.0, images_per_second=8.0,
        )
        for index in range(steps)
    ]  # fmt: skip
    metrics = {"loss": 0.5 / epoch, "accuracy": 0.9, "auroc": 0.95, "sensitivity": 0.8, "specificity": 0.92}
    step = first + steps
    events += [
        ev.EpochDone(time=clock + 10, epoch=epoch, step=step, loss=1.0 / epoch, accuracy=0.5, seconds=9.0),
        ev.Validated(time=clock + 11, epoch=epoch, step=step, metrics=metrics, seconds=1.0),
        ev.EarlyStopping(
            time=clock + 11, epoch=epoch, metric="loss", value=0.5 / epoch, improved=best, best=0.5 / epoch,
            best_epoch=epoch, best_step=step, to_beat=0.5 / epoch, patience=8, patience_left=8, stopping=False,
        ),
        ev.CheckpointSaved(time=clock + 12, step=step, epoch=epoch, best=best, reason="epoch"),
    ]  # fmt: skip
    return events


def whole_run(epochs: int = 3) -> list[ev.Event]:
    """From start to finish."""
    events: list[ev.Event] = [
        ev.RunStarted(time=1000.0, run="sample", seed=0, config={"optim": {"epochs": 10}}, device={"kind": "cpu"}),
        ev.Preparing(time=1001.0, stage="decoding films", done=5, total=10),
        ev.Fetching(time=1001.2, name="imagenet", source="timm/resnet50/model.safetensors", licence="MIT", bytes=10**8),
        ev.Fetched(time=1001.5, name="imagenet", folder="models/imagenet", sha256="0" * 64, verified=True, seconds=0.3),
        ev.FirstWeights(time=1001.6, source="models/imagenet", taken="318 tensors", left=["fc (2 tensors): a head"]),
        ev.DataPrepared(
            time=1002.0, source="films", fingerprint="f" * 8, counts={"train": {"no": 6, "yes": 6}},
            patients={"train": 12}, labels=["no", "yes"], seconds=1.0,
        ),
        ev.BatchChosen(time=1002.1, batch_size=4),
        ev.Compiled(time=1010.0, seconds=5.0, parameters=100, trainable=90),
        ev.Encoding(time=1010.1, group="stem", films=9, views=2, validation=3, bytes=8400, place="disk", folder="kept"),
        ev.Encoded(time=1010.5, group="stem", computed=12, found=9, bytes=8400, seconds=0.4),
    ]  # fmt: skip
    for epoch in range(1, epochs + 1):
        if epoch == 2:
            events.append(ev.Unfrozen(time=1150.0, epoch=2, step=3, stage="stage4", trainable=95))
        events += epoch_events(epoch)
    counts = {"tp": 8, "fn": 2, "tn": 9, "fp": 1, "positive": 10, "negative": 10, "films": 20}
    metrics = {"loss": 0.2, "accuracy": 0.85, "auroc": float("nan"), "sensitivity": 0.8, "specificity": 0.9}
    interval = {"value": 0.85, "low": 0.65, "high": 0.95, "n": 20.0, "patients": 16.0}
    events.append(
        ev.Evaluated(
            time=2000.0, part="test", step=9, metrics=metrics, counts=counts, threshold=0.41,
            estimates={"accuracy": interval}, by_patient={"accuracy": {**interval, "n": 16.0}}, prevalence=0.5,
            operating_point="0.5", calibration={"temperature": 1.4, "bias": -0.3, "brier_before": 0.2},
        )
    )  # fmt: skip
    events.append(ev.Stopped(time=2001.0, reason="epochs", step=3 * epochs, epoch=epochs))
    return events
