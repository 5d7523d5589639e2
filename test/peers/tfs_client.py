"""Calls the service with TensorFlow Serving's own client library over gRPC, and its REST interface with requests.

Usage: tfs_client.py GRPC_ADDRESS URL KEY PHOTOGRAPH=CLASS_INDEX ...
"""

import base64
import os
import sys

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
import grpc
import numpy as np
import requests
import tensorflow as tf
from tensorflow_serving.apis import (
    classification_pb2,
    get_model_metadata_pb2,
    get_model_status_pb2,
    model_service_pb2_grpc,
    predict_pb2,
    prediction_service_pb2_grpc,
)

address, url, key, *photographs = sys.argv[1:]
metadata = (("authorization", f"Bearer {key}"),)
model = "efficientnet-lite0"
channel = grpc.insecure_channel(address)
prediction = prediction_service_pb2_grpc.PredictionServiceStub(channel)
models = model_service_pb2_grpc.ModelServiceStub(channel)


def check(what, found, expected):
    if found != expected:
        sys.exit(f"{what}: {found} instead of {expected}")
    print(f"{what}: {found}")


def predict(name, value):
    request = predict_pb2.PredictRequest()
    request.model_spec.name = model
    request.model_spec.signature_name = "serving_default"
    request.inputs[name].CopyFrom(tf.make_tensor_proto(value))
    return prediction.Predict(request, 30, metadata=metadata)


def probabilities(response, name):
    return tf.make_ndarray(response.outputs[name])


pictures = []
for photograph in photographs:
    path, index = photograph.rsplit("=", 1)
    jpeg, index = open(path, "rb").read(), int(index)
    pictures.append((jpeg, index))
    for name in ("images", "Placeholder:0"):
        scores = probabilities(predict(name, [jpeg]), "output_alias")
        check(f"{path} shape", scores.shape, (1, 1000))
        check(f"{path} gRPC {name}", int(scores.argmax()), index)
    body = {"instances": [{"b64": base64.b64encode(jpeg).decode()}]}
    answer = requests.post(
        f"{url}/v1/models/{model}:predict", json=body, headers=dict(metadata), timeout=30
    )
    check(f"{path} REST status", answer.status_code, 200)
    row = np.array(answer.json()["predictions"][0])
    check(f"{path} REST", int(row.argmax()), index)
    check(f"{path} REST = gRPC", bool(np.allclose(row, scores[0], atol=1e-6)), True)

batch = probabilities(predict("images", [jpeg for jpeg, _ in pictures]), "output_alias")
check("batch", batch.argmax(axis=1).tolist(), [index for _, index in pictures])

# A decoded tensor: make_tensor_proto packs it into tensor_content.
zeros = probabilities(predict("images", np.zeros((2, 3, 224, 224), np.float32)), "output_alias")
check("decoded", zeros.shape, (2, 1000))

status = get_model_status_pb2.GetModelStatusRequest()
status.model_spec.name = model
state = models.GetModelStatus(status, 10, metadata=metadata).model_version_status[0]
check("status", (state.version, state.state), (1, 30))

request = get_model_metadata_pb2.GetModelMetadataRequest(metadata_field=["signature_def"])
request.model_spec.name = model
answer = prediction.GetModelMetadata(request, 10, metadata=metadata)
signatures = get_model_metadata_pb2.SignatureDefMap()
check("metadata", answer.metadata["signature_def"].Unpack(signatures), True)
inputs = signatures.signature_def["serving_default"].inputs
check("input dtype", inputs["images"].dtype, tf.string.as_datatype_enum)

request = classification_pb2.ClassificationRequest()
example = request.input.example_list.examples.add()
example.features.feature["images"].bytes_list.value.append(pictures[0][0])
result = prediction.Classify(request, 30, metadata=metadata).result.classifications[0]
check("classes", len(result.classes), 1000)
print("best class:", result.classes[0].label)

try:
    predict("images", [b"no picture"])
    sys.exit("a bad picture was scored")
except grpc.RpcError as error:
    check("bad picture", error.code(), grpc.StatusCode.INVALID_ARGUMENT)
