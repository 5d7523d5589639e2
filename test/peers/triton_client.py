"""Calls the service with Triton's client library, over HTTP with binary data and over gRPC.

Usage: triton_client.py GRPC_ADDRESS URL KEY PHOTOGRAPH=CLASS_INDEX ...
"""

import sys

import numpy as np
import tritonclient.grpc
import tritonclient.http
from tritonclient.utils import InferenceServerException

address, url, key, *named = sys.argv[1:]
model = "efficientnet-lite0"
photographs = [argument.rsplit("=", 1) for argument in named]
jpegs = np.array([open(path, "rb").read() for path, _ in photographs], dtype=np.object_)
indexes = [int(index) for _, index in photographs]


def headers():
    # The HTTP client writes into the dictionary that it is given, so each call gets its own.
    return {"authorization": f"Bearer {key}"}


def check(what, found, expected):
    if found != expected:
        sys.exit(f"{what}: {found} instead of {expected}")
    print(f"{what}: {found}")


def classes_of(answer, name):
    scores = answer.as_numpy(name)
    if scores.shape != (len(jpegs), 1000) or scores.dtype != np.float32:
        sys.exit(f"shape {scores.shape}, dtype {scores.dtype}")
    return scores.argmax(axis=1).tolist()


def best_of(answer, name):
    """Index of the first of the classes, each `probability:index:label`."""
    return [int(row[0].decode().split(":")[1]) for row in answer.as_numpy(name)]


def expect_refusal(what, status, call):
    try:
        call()
    except InferenceServerException as error:
        check(what, error.status(), status)
    else:
        sys.exit(f"{what}: not refused")


def check_common(protocol, client, library, metadata):
    """What both protocols do with the same calls."""
    check(f"{protocol} live", client.is_server_live(), True)
    check(f"{protocol} ready", client.is_server_ready(), True)
    check(f"{protocol} model ready", client.is_model_ready(model), True)
    check(f"{protocol} input", metadata["inputs"][0]["datatype"], "FP32")
    name, output = metadata["inputs"][0]["name"], metadata["outputs"][0]["name"]

    pictures = library.InferInput(name, [len(jpegs)], "BYTES")
    pictures.set_data_from_numpy(jpegs)
    answer = client.infer(model, [pictures], headers=headers(), request_id="7")
    check(f"{protocol} pictures", classes_of(answer, output), indexes)
    wanted = [library.InferRequestedOutput(output, class_count=3)]
    answer = client.infer(model, [pictures], outputs=wanted, headers=headers())
    check(f"{protocol} classification", best_of(answer, output), indexes)

    shape = [2, 3, 224, 224]
    decoded = library.InferInput(name, shape, "FP32")
    decoded.set_data_from_numpy(np.zeros(shape, np.float32))
    scores = client.infer(model, [decoded], headers=headers()).as_numpy(output)
    check(f"{protocol} decoded", (scores.shape, bool((scores[0] == scores[1]).all())), ((2, 1000), True))

    broken = library.InferInput(name, [1], "BYTES")
    broken.set_data_from_numpy(np.array([b"no picture"], dtype=np.object_))
    return pictures, output, lambda: client.infer(model, [broken], headers=headers())


http = tritonclient.http.InferenceServerClient(url.removeprefix("http://"))
metadata = http.get_model_metadata(model, headers=headers())
pictures, output, score_broken = check_common("HTTP", http, tritonclient.http, metadata)
for binary in (True, False):
    wanted = [tritonclient.http.InferRequestedOutput(output, binary_data=binary)]
    answer = http.infer(model, [pictures], outputs=wanted, headers=headers(), request_id="8")
    check(f"HTTP binary answer {binary}", classes_of(answer, output), indexes)
    check("HTTP id", answer.get_response()["id"], "8")
numbers = tritonclient.http.InferInput(metadata["inputs"][0]["name"], [1, 3, 224, 224], "FP32")
numbers.set_data_from_numpy(np.zeros((1, 3, 224, 224), np.float32), binary_data=False)
scores = http.infer(model, [numbers], headers=headers()).as_numpy(output)
check("HTTP JSON numbers", scores.shape, (1, 1000))
expect_refusal("HTTP bad picture", "400", score_broken)
expect_refusal("HTTP no key", "401", lambda: http.infer(model, [pictures]))
expect_refusal("HTTP other model", "404", lambda: http.infer("other", [pictures], headers=headers()))

grpc = tritonclient.grpc.InferenceServerClient(address)
metadata = grpc.get_model_metadata(model, headers=headers(), as_json=True)
pictures, output, score_broken = check_common("gRPC", grpc, tritonclient.grpc, metadata)
expect_refusal("gRPC bad picture", "StatusCode.INVALID_ARGUMENT", score_broken)
expect_refusal("gRPC no key", "StatusCode.UNAUTHENTICATED", lambda: grpc.infer(model, [pictures]))
