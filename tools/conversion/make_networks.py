"""Makes SavedModels of well-known networks with seeded random weights, to convert and compare.

    python make_networks.py NETWORK PHOTOGRAPHS FOLDER

NETWORK: resnet50, resnet152, densenet121 or vgg16 (float pictures in, logits and features out), or
jpeg-tf1 and jpeg-tf2 (the reference system's text input: JPEG bytes in, probabilities out).
PHOTOGRAPHS: a folder of JPEG files; the batch normalisations take their statistics from them, as
training would have, so that different photographs give clearly different logits.

The last normalisation of each residual branch begins with a small scale (He et al. 2019, "Bag of tricks
for image classification", begin with 0). With 1, which no trained network keeps, fifty random layers
amplify the rounding of float32: TensorFlow and ONNX Runtime are then equally far, 1.5e-4 of the features'
deviation, from the same network in float64, and with 0.2 7e-6.
"""

import argparse
import os
from pathlib import Path

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
os.environ["CUDA_VISIBLE_DEVICES"] = "-1"

import numpy as np
import tensorflow as tf
from tensorflow.python.framework.convert_to_constants import convert_variables_to_constants_v2

tf.get_logger().setLevel("ERROR")

SEED = 20190501
BRANCH_SCALE = 0.2
# Keras's name for the last normalisation of a ResNet's branch.
LAST_OF_BRANCH = "_3_bn"
MEAN = [123.68, 116.779, 103.939]
NETWORKS = {
    "resnet50": tf.keras.applications.ResNet50,
    "resnet152": tf.keras.applications.ResNet152,
    "densenet121": tf.keras.applications.DenseNet121,
    "vgg16": tf.keras.applications.VGG16,
}


def photographs(folder: Path, count: int = 5) -> np.ndarray:
    """float32 [n,224,224,3], R G B minus the reference's means."""
    pictures = []
    for file in sorted(folder.glob("*.jpg"))[:count]:
        pixels = tf.io.decode_jpeg(file.read_bytes(), channels=3)
        pictures.append(tf.image.resize(pixels, [224, 224]).numpy() - MEAN)
    return np.stack(pictures).astype(np.float32)


def network(name: str, pictures: np.ndarray) -> tf.keras.Model:
    """Logits and features of a network with random weights; the features are what the last layer sees."""
    tf.keras.utils.set_random_seed(SEED)
    model = NETWORKS[name](weights=None, classifier_activation=None)
    normalisations = [la for la in model.layers if isinstance(la, tf.keras.layers.BatchNormalization)]
    for layer in normalisations:
        layer.momentum = 0.0
        if layer.name.endswith(LAST_OF_BRANCH):
            layer.gamma.assign(tf.fill(layer.gamma.shape, BRANCH_SCALE))
    if normalisations:
        model(pictures, training=True)
    return tf.keras.Model(model.input, [model.output, model.layers[-1].input])


def save_float(model: tf.keras.Model, folder: Path) -> None:
    @tf.function(input_signature=[tf.TensorSpec([None, 224, 224, 3], tf.float32, name="images")])
    def serve(images):
        logits, features = model(images, training=False)
        return {"logits": logits, "features": features}

    module = tf.Module()
    module.model, module.serve = model, serve
    tf.saved_model.save(module, str(folder), signatures={"serving_default": serve})


def _prepare(jpeg):
    """The reference's preprocess_array, written anew from its description: decode, shorter side to 256, centre, mean."""
    picture = tf.cast(tf.image.decode_png(jpeg, channels=3), tf.float32)
    shape = tf.cast(tf.shape(picture), tf.float32)
    scale = tf.cond(shape[0] > shape[1], lambda: 256.0 / shape[1], lambda: 256.0 / shape[0])
    sides = tf.cast(shape[:2] * scale, tf.int32)
    resized = tf.compat.v1.image.resize_bilinear(picture[None], sides)[0]
    corner = (sides - 224) // 2
    crop = tf.slice(resized, [corner[0], corner[1], 0], [224, 224, 3])
    return tf.reshape(crop, [224, 224, 3]) - MEAN


def save_jpeg_tf2(model: tf.keras.Model, folder: Path) -> None:
    @tf.function(input_signature=[tf.TensorSpec([None], tf.string, name="images")])
    def serve(images):
        prepared = tf.map_fn(_prepare, images, fn_output_signature=tf.TensorSpec([224, 224, 3], tf.float32))
        return {"output_alias": tf.nn.softmax(model(prepared, training=False)[0])}

    module = tf.Module()
    module.model, module.serve = model, serve
    tf.saved_model.save(module, str(folder), signatures={"serving_default": serve})


def save_jpeg_tf1(model: tf.keras.Model, folder: Path) -> None:
    """As the reference's page saves it: a placeholder of text, a session, simple_save's signature."""
    weights = tf.function(lambda images: model(images, training=False)[0]).get_concrete_function(
        tf.TensorSpec([None, 224, 224, 3], tf.float32, name="prepared")
    )
    frozen = convert_variables_to_constants_v2(weights)
    v1 = tf.compat.v1
    with tf.Graph().as_default(), v1.Session() as session:
        v1.disable_control_flow_v2()
        images = v1.placeholder(tf.string, [None], name="images")
        prepared = v1.map_fn(_prepare, images, dtype=tf.float32, name="map_normalize_jpeg")
        prepared.set_shape([None, 224, 224, 3])
        (logits,) = tf.import_graph_def(
            frozen.graph.as_graph_def(), {frozen.inputs[0].name: prepared}, [frozen.outputs[0].name], name="network"
        )
        probabilities = tf.nn.softmax(logits, name="classifier/resnet_v1_50/predictions/Softmax")
        v1.saved_model.simple_save(session, str(folder), {"images": images}, {"output_alias": probabilities})


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("network", choices=[*NETWORKS, "jpeg-tf1", "jpeg-tf2"])
    parser.add_argument("photographs", type=Path)
    parser.add_argument("folder", type=Path)
    given = parser.parse_args()
    pictures = photographs(given.photographs)
    save = {"jpeg-tf1": save_jpeg_tf1, "jpeg-tf2": save_jpeg_tf2}.get(given.network, save_float)
    save(network(given.network if given.network in NETWORKS else "resnet50", pictures), given.folder)


if __name__ == "__main__":
    main()
