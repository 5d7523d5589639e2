"""EfficientNet-Lite0 as a list of layers, with batch normalisation folded into the weights.

The architecture is that of the EfficientNet-Lite release of TensorFlow's TPU models: a stem, 16
inverted residual blocks without squeeze-and-excitation, ReLU6 everywhere, a 1x1 head, mean over
the positions and one dense layer.
"""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

# The release's own value; PyTorch's default of 1e-5 gives visibly other logits.
BATCH_NORM_EPSILON = 1e-3
INPUT_SIZE = 224
CLASSES = 1000


class Stage(NamedTuple):
    """Blocks of one resolution. The stride is that of the first block; the others have 1."""

    repeats: int
    kernel: int
    stride: int
    expansion: int
    output_channels: int


STAGES = (
    Stage(1, 3, 1, 1, 16),
    Stage(2, 3, 2, 6, 24),
    Stage(2, 5, 2, 6, 40),
    Stage(3, 3, 2, 6, 80),
    Stage(3, 5, 1, 6, 112),
    Stage(4, 5, 2, 6, 192),
    Stage(1, 3, 1, 6, 320),
)


@dataclass(frozen=True)
class Conv:
    """A convolution with its batch normalisation already inside `weight` and `bias`.

    weight: float32 [out, in / groups, k, k]; pads: top, left, bottom, right.
    """

    name: str
    weight: np.ndarray
    bias: np.ndarray
    stride: int
    pads: tuple[int, int, int, int]
    groups: int
    relu6: bool
    # Name of the layer whose output is added to this one's, or None.
    residual: str | None = None


@dataclass(frozen=True)
class Dense:
    """The classifier. weight: float32 [classes, features]."""

    name: str
    weight: np.ndarray
    bias: np.ndarray


def same_pads(size: int, kernel: int, stride: int) -> tuple[int, int, int, int]:
    """Padding of TensorFlow's SAME: the odd pixel goes to the bottom and to the right.

    A symmetric padding, as PyTorch's layers have it, would shift every stride-2 layer by a pixel.
    """
    outputs = -(-size // stride)
    total = max((outputs - 1) * stride + kernel - size, 0)
    before = total // 2
    return before, before, total - before, total - before


class _Reader:
    """Takes parameters out of the state dict, so that leftovers can be reported."""

    def __init__(self, state: dict[str, np.ndarray]):
        self._state = {k: v for k, v in state.items() if not k.endswith("num_batches_tracked")}
        self.size = INPUT_SIZE

    def take(self, name: str) -> np.ndarray:
        return self._state.pop(name).astype(np.float64)

    def conv(self, name: str, conv: str, norm: str, stride=1, groups=1, relu6=True, residual=None):
        weight = self.take(f"{conv}.weight")
        gamma, beta = self.take(f"{norm}.weight"), self.take(f"{norm}.bias")
        mean, variance = self.take(f"{norm}.running_mean"), self.take(f"{norm}.running_var")
        # In float64, so that folding costs no more than one rounding to float32.
        factor = gamma / np.sqrt(variance + BATCH_NORM_EPSILON)
        pads = same_pads(self.size, weight.shape[2], stride)
        self.size = -(-self.size // stride)
        return Conv(
            name=name,
            weight=(weight * factor[:, None, None, None]).astype(np.float32),
            bias=(beta - mean * factor).astype(np.float32),
            stride=stride,
            pads=pads,
            groups=groups,
            relu6=relu6,
            residual=residual,
        )

    def assert_empty(self):
        if self._state:
            raise ValueError(f"parameters that the network does not use: {sorted(self._state)}")


def _block(reader: _Reader, index: int, stage: Stage, stride: int, inputs: int, source: str):
    prefix, hidden = f"_blocks.{index}", inputs * stage.expansion
    if stage.expansion != 1:
        yield reader.conv(f"block{index}/expand", f"{prefix}._expand_conv", f"{prefix}._bn0")
    yield reader.conv(
        f"block{index}/depthwise",
        f"{prefix}._depthwise_conv",
        f"{prefix}._bn1",
        stride=stride,
        groups=hidden,
    )
    keeps_shape = stride == 1 and inputs == stage.output_channels
    yield reader.conv(
        f"block{index}/project",
        f"{prefix}._project_conv",
        f"{prefix}._bn2",
        relu6=False,
        residual=source if keeps_shape else None,
    )


def read_layers(state: dict[str, np.ndarray]) -> list[Conv | Dense]:
    """The network's layers in order of execution; each takes its predecessor's output."""
    reader = _Reader(state)
    layers: list[Conv | Dense] = [reader.conv("stem", "_conv_stem", "_bn0", stride=2)]
    channels, index = layers[0].weight.shape[0], 0
    for stage in STAGES:
        for repeat in range(stage.repeats):
            stride = stage.stride if repeat == 0 else 1
            layers += _block(reader, index, stage, stride, channels, layers[-1].name)
            channels, index = stage.output_channels, index + 1
    layers.append(reader.conv("head", "_conv_head", "_bn1"))
    weight, bias = reader.take("_fc.weight"), reader.take("_fc.bias")
    layers.append(Dense("classifier", weight.astype(np.float32), bias.astype(np.float32)))
    reader.assert_empty()
    return layers
