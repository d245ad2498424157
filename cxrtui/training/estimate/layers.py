"""The cost of each layer of a network: parameters, outputs and multiplications."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from cxrtui.settings import transfer
from cxrtui.settings.config import Config

_CLASSES = 2


@dataclass(frozen=True)
class Cost:
    """The cost of one layer for one image.

    Attributes:
        group: of the network.
        parameters: numbers that train, with scale and bias of the normalisation that follows.
        outputs: numbers that the layer puts out.
        macs: multiplications with an addition, in a forward pass.
    """

    group: str
    parameters: int
    outputs: int
    macs: int


def costs(config: Config) -> Iterator[Cost]:
    """Yield the cost of each layer of the network that `config` describes, in order; see `net.resnet`."""
    width, side = config.model.width, -(-config.data.size // 2)
    yield _convolution("stem", 1, width, 7, side)
    side = -(-side // 2)
    inputs = width
    for index, blocks in enumerate(config.model.stages):
        group, inner = transfer.STAGES[index + 1], width * 2**index
        outputs = 4 * inner
        for block in range(blocks):
            before, side = side, -(-side // 2) if index and not block else side
            yield _convolution(group, inputs, inner, 1, before)
            yield _convolution(group, inner, inner, 3, side)
            yield _convolution(group, inner, outputs, 1, side)
            if not block and (index or inputs != outputs):
                yield _convolution(group, inputs, outputs, 1, side)
            inputs = outputs
    for outputs in (*config.model.hidden, _CLASSES):
        yield Cost("head", inputs * outputs + outputs, outputs, inputs * outputs)
        inputs = outputs


def _convolution(group: str, inputs: int, outputs: int, kernel: int, side: int) -> Cost:
    weights = inputs * outputs * kernel * kernel
    return Cost(group, weights + 2 * outputs, side * side * outputs, weights * side * side)


def trained(config: Config, epoch: int | None = None) -> tuple[str, ...]:
    """Return the groups that train in `epoch`, counted from 1, or in the last one, in which a run takes most."""
    level = transfer.freeze_level_in(epoch or config.optim.epochs, config.model.freeze, config.model.unfreeze)
    return (*transfer.training(level), "head")
