"""What TensorFlow itself answers, for comparison; knows nothing of the conversion. Prints JSON.

    python answers.py SAVEDMODEL OUTPUTS --tensors FILE.npy | --pictures FILE ...
    python answers.py --random INPUT,H,W,C SAVEDMODEL OUTPUT ONNX=TENSOR ...

The first form prints each output's rows, one a picture, under its name; OUTPUTS are separated by commas.
The second runs the SavedModel's graph from the tensor INPUT and the ONNX files to their TENSOR on the
same seeded random values (-1..1), and prints each file's largest difference from TensorFlow and, last,
the smallest one between two rows of TensorFlow's, all as a part of TensorFlow's standard deviation.
"""

import argparse
import json
import os
from pathlib import Path

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
os.environ["CUDA_VISIBLE_DEVICES"] = "-1"
os.environ["ORT_DISABLE_TELEMETRY"] = "1"

import numpy as np
import tensorflow as tf

tf.get_logger().setLevel("ERROR")


def answers(folder: Path, outputs: list[str], rows: list) -> dict[str, list]:
    function = tf.saved_model.load(str(folder)).signatures["serving_default"]
    (name,) = function.structured_input_signature[1]
    answered = [function(**{name: tf.constant(row)}) for row in rows]
    return {output: [answer[output].numpy()[0].tolist() for answer in answered] for output in outputs}


def differences(folder: Path, random: str, output: str, files: list[str]) -> list[float]:
    import onnx
    import onnxruntime as ort

    tensor, *sides = random.split(",")
    values = np.random.default_rng(3).uniform(-1, 1, (4, *map(int, sides))).astype(np.float32)
    with tf.Graph().as_default() as graph, tf.compat.v1.Session(graph=graph) as session:
        tf.compat.v1.saved_model.loader.load(session, ["serve"], str(folder))
        expected = session.run(output, {tensor: values})
    found = []
    for file, output in (name.split("=") for name in files):
        model = onnx.load(file)
        if output not in [value.name for value in model.graph.output]:
            model.graph.output.append(onnx.ValueInfoProto(name=output))
        opened = ort.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
        (actual,) = opened.run([output], {opened.get_inputs()[0].name: values})
        found.append(np.abs(actual - expected).max())
    found.append(min(np.abs(expected[i] - expected[j]).max() for i in range(4) for j in range(i)))
    return [float(difference / expected.std()) for difference in found]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("output")
    parser.add_argument("onnx", nargs="*")
    parser.add_argument("--tensors")
    parser.add_argument("--pictures", nargs="+")
    parser.add_argument("--random")
    given = parser.parse_args()
    if given.random:
        print(json.dumps(differences(given.folder, given.random, given.output, given.onnx)))
        return
    rows = (
        [[Path(file).read_bytes()] for file in given.pictures]
        if given.pictures
        else [row[None] for row in np.load(given.tensors)]
    )
    print(json.dumps(answers(given.folder, given.output.split(","), rows)))


if __name__ == "__main__":
    main()
