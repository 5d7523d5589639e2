"""Calls a service as a client of TensorFlow Serving does, over gRPC and REST, and prints what came back as JSON.

    reference_client.py GRPC_ADDRESS URL MODEL INPUT OUTPUT PICTURE ...
"""

import base64
import json
import os
import sys
import urllib.request
from pathlib import Path

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"

import grpc
import tensorflow as tf
from tensorflow_serving.apis import predict_pb2, prediction_service_pb2_grpc

address, url, model, given, output, *files = sys.argv[1:]
service = prediction_service_pb2_grpc.PredictionServiceStub(grpc.insecure_channel(address))


def over_grpc(picture: bytes) -> list[float]:
    request = predict_pb2.PredictRequest()
    request.model_spec.name = model
    request.model_spec.signature_name = "serving_default"
    request.inputs[given].CopyFrom(tf.make_tensor_proto([picture], shape=[1], dtype=tf.string))
    return tf.make_ndarray(service.Predict(request, 60).outputs[output])[0].tolist()


def over_rest(picture: bytes) -> list[float]:
    body = json.dumps({"instances": [{given: {"b64": base64.b64encode(picture).decode()}}]}).encode()
    request = urllib.request.Request(f"{url}/v1/models/{model}:predict", body, {"content-type": "application/json"})
    with urllib.request.urlopen(request, timeout=60) as response:
        (row,) = json.load(response)["predictions"]
    return row[output] if isinstance(row, dict) else row


pictures = [Path(file).read_bytes() for file in files]
print(json.dumps({"grpc": [over_grpc(p) for p in pictures], "rest": [over_rest(p) for p in pictures]}))
