"""Calls the service with KServe's own inference clients, over REST and over gRPC.

Usage: kserve_client.py GRPC_ADDRESS URL KEY PHOTOGRAPH=CLASS_INDEX ...
"""

import asyncio
import sys

import numpy as np
from kserve import (
    InferenceGRPCClient,
    InferenceRESTClient,
    InferInput,
    InferRequest,
    RESTConfig,
)

address, url, key, *photographs = sys.argv[1:]
model = "efficientnet-lite0"
authorization = f"Bearer {key}"


def check(what, found, expected):
    if found != expected:
        sys.exit(f"{what}: {found} instead of {expected}")
    print(f"{what}: {found}")


def request_of(jpeg):
    pictures = InferInput("images", [1], "BYTES")
    pictures.set_data_from_numpy(np.array([jpeg], dtype=np.object_), binary_data=True)
    return InferRequest(model, [pictures])


async def main():
    rest = InferenceRESTClient(RESTConfig(protocol="v2"))
    grpc = InferenceGRPCClient(address)
    check("REST live", await rest.is_server_live(url), True)
    check("REST ready", await rest.is_server_ready(url), True)
    check("REST model ready", await rest.is_model_ready(url, model), True)
    for photograph in photographs:
        path, index = photograph.rsplit("=", 1)
        jpeg = open(path, "rb").read()
        answer = await rest.infer(
            url, request_of(jpeg), model_name=model, headers={"authorization": authorization}
        )
        check(f"{path} REST", int(np.argmax(answer.outputs[0].as_numpy())), int(index))
        answer = await grpc.infer(request_of(jpeg), headers=[("authorization", authorization)])
        check(f"{path} gRPC", int(np.argmax(answer.outputs[0].as_numpy())), int(index))
    await rest.close()
    await grpc.close()


asyncio.run(main())
