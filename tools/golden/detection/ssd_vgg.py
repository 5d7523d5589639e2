"""SSD-VGG as the reference system's featurizer lays it out: one input, twelve raw outputs.

Weights are random from a fixed seed. The names of the outputs and their shapes are the reference's.
"""

import numpy as np
import tensorflow.compat.v1 as tf

SIDE = 300
CLASSES = 21
BLOCKS = [4, 7, 8, 9, 10, 11]
ANCHORS = [4, 6, 6, 6, 4, 4]
INPUT = "InputImage:0"
LOGITS = [f"ssd_300_vgg/block{block}_box/Reshape_1:0" for block in BLOCKS]
BOXES = [f"ssd_300_vgg/block{block}_box/Reshape:0" for block in BLOCKS]


class Network:
    """Builds the graph; `width` divides every number of channels, and none is below `least`."""

    def __init__(self, width: int, least: int, head_scales: dict[str, float]):
        self.random = np.random.default_rng(300)
        self.width, self.least, self.head_scales = width, least, head_scales

    def weights(self, height: int, channels: int, filters: int) -> tf.Tensor:
        deviation = np.sqrt(2 / (height * height * channels))
        shape = (height, height, channels, filters)
        return (self.random.standard_normal(shape) * deviation).astype(np.float32)

    def conv(self, x, filters, size=3, stride=1, rate=1, padding="SAME", scale=1.0, activate=True):
        kernel = self.weights(size, x.shape[-1], filters) * np.float32(scale)
        y = tf.nn.conv2d(x, kernel, strides=stride, padding=padding, dilations=rate)
        return tf.nn.relu(y) if activate else y

    def channels(self, count: int) -> int:
        return max(self.least, count // self.width)

    def block(self, x, count: int, repeat: int):
        for _ in range(repeat):
            x = self.conv(x, self.channels(count))
        return x

    def heads(self, x, block: int, anchors: int):
        """Offsets and logits of one feature map; block 4 is normalised first, as its values are large."""
        if block == 4:
            x = tf.math.l2_normalize(x, axis=-1, epsilon=1e-12) * 20.0
        height, width = x.shape[1:3]
        for name, values in (("Reshape", 4), ("Reshape_1", CLASSES)):
            tensor = f"ssd_300_vgg/block{block}_box/{name}"
            scale = self.head_scales.get(f"{tensor}:0", 1.0)
            y = self.conv(x, anchors * values, scale=scale, activate=False)
            tf.reshape(y, [-1, height, width, anchors, values], name=tensor)

    def build(self) -> tf.GraphDef:
        with tf.Graph().as_default() as graph:
            x = tf.placeholder(tf.float32, [None, SIDE, SIDE, 3], name=INPUT.split(":")[0])
            maps = {}
            x = tf.nn.max_pool2d(self.block(x, 64, 2), 2, 2, "SAME")
            x = tf.nn.max_pool2d(self.block(x, 128, 2), 2, 2, "SAME")
            # 75 becomes 37 here, where other SSDs round up to 38.
            x = tf.nn.max_pool2d(self.block(x, 256, 3), 2, 2, "VALID")
            x = maps[4] = self.block(x, 512, 3)
            x = self.block(tf.nn.max_pool2d(x, 2, 2, "SAME"), 512, 3)
            x = tf.nn.max_pool2d(x, 3, 1, "SAME")
            x = self.conv(x, self.channels(1024), rate=6)
            x = maps[7] = self.conv(x, self.channels(1024), size=1)
            for block, inner, outer in ((8, 256, 512), (9, 128, 256)):
                x = self.conv(x, self.channels(inner), size=1)
                x = tf.pad(x, [[0, 0], [1, 1], [1, 1], [0, 0]])
                x = maps[block] = self.conv(x, self.channels(outer), stride=2, padding="VALID")
            for block in (10, 11):
                x = self.conv(x, self.channels(128), size=1)
                x = maps[block] = self.conv(x, self.channels(256), padding="VALID")
            for block, anchors in zip(BLOCKS, ANCHORS):
                self.heads(maps[block], block, anchors)
            return graph.as_graph_def()


def run(graph_def: tf.GraphDef, image: np.ndarray) -> dict[str, np.ndarray]:
    """All twelve outputs for an image [1,300,300,3] from which the means are subtracted."""
    with tf.Graph().as_default():
        tf.import_graph_def(graph_def, name="")
        with tf.Session() as session:
            names = LOGITS + BOXES
            return dict(zip(names, session.run(names, {INPUT: image})))


def spread_network(width: int, least: int, image: np.ndarray, logit: float, offset: float):
    """The network whose heads have the given deviations on `image`, and what it answers."""
    first = run(Network(width, least, {}).build(), image)
    wanted = {**dict.fromkeys(LOGITS, logit), **dict.fromkeys(BOXES, offset)}
    # A map of one cell has too few values for a deviation of its own.
    scales = {name: wanted[name] / max(float(np.sqrt((v**2).mean())), 1e-6) for name, v in first.items()}
    graph_def = Network(width, least, scales).build()
    return graph_def, run(graph_def, image)
