"""Calls the service knowing no .proto file: finds services, methods and messages by gRPC reflection, builds requests of them and calls.

Usage: reflection_client.py GRPC_ADDRESS KEY PHOTOGRAPH=CLASS_INDEX ...
"""

import sys

import grpc
from google.protobuf.descriptor_pool import DescriptorPool
from google.protobuf.message_factory import GetMessageClass
from grpc_reflection.v1alpha.proto_reflection_descriptor_database import (
    ProtoReflectionDescriptorDatabase,
)

address, key, *photographs = sys.argv[1:]
model = "efficientnet-lite0"
metadata = (("authorization", f"Bearer {key}"),)


class WithKey(grpc.StreamStreamClientInterceptor):
    """The reflection client takes no metadata."""

    def intercept_stream_stream(self, continuation, details, requests):
        return continuation(details._replace(metadata=metadata), requests)


def check(what, found, expected):
    if found != expected:
        sys.exit(f"{what}: {found} instead of {expected}")
    print(f"{what}: {found}")


channel = grpc.insecure_channel(address)
database = ProtoReflectionDescriptorDatabase(grpc.intercept_channel(channel, WithKey()))
pool = DescriptorPool(database)

services = [
    "grpc.health.v1.Health",
    "grpc.reflection.v1.ServerReflection",
    "grpc.reflection.v1alpha.ServerReflection",
    "inference.GRPCInferenceService",
    "tensorflow.serving.ModelService",
    "tensorflow.serving.PredictionService",
]
check("services", sorted(database.get_services()), services)
for service in services:
    methods = [method.name for method in pool.FindServiceByName(service).methods]
    print(f"{service}: {', '.join(methods)}")
try:
    pool.FindServiceByName("tensorflow.serving.SessionService")
    sys.exit("tensorflow.serving.SessionService is found")
except KeyError:
    print("tensorflow.serving.SessionService: not found")
check(
    "extensions of PredictRequest",
    list(database.FindAllExtensionNumbers("tensorflow.serving.PredictRequest")),
    [],
)


def rpc(service, name):
    """The method's request class, and a function that calls it."""
    method = pool.FindServiceByName(service).methods_by_name[name]
    request, response = GetMessageClass(method.input_type), GetMessageClass(method.output_type)
    path, codecs = f"/{service}/{name}", (request.SerializeToString, response.FromString)
    if method.client_streaming:
        return request, channel.stream_stream(path, *codecs)
    return request, channel.unary_unary(path, *codecs)


# The client library speaks v1alpha; v1 is spoken with what that says of it.
InfoRequest, info = rpc("grpc.reflection.v1.ServerReflection", "ServerReflectionInfo")
answers = list(info(iter([InfoRequest(list_services="")]), metadata=metadata))
names = [service.name for answer in answers for service in answer.list_services_response.service]
check("services, by v1", sorted(names), services)
try:
    list(info(iter([InfoRequest(list_services="")])))
    sys.exit("reflection without a key was answered")
except grpc.RpcError as error:
    check("reflection without a key", error.code(), grpc.StatusCode.UNAUTHENTICATED)

PredictRequest, predict = rpc("tensorflow.serving.PredictionService", "Predict")
InferRequest, infer = rpc("inference.GRPCInferenceService", "ModelInfer")
for photograph in photographs:
    path, index = photograph.rsplit("=", 1)
    jpeg = open(path, "rb").read()

    request = PredictRequest()
    request.model_spec.name = model
    request.model_spec.version.value = 1
    picture = request.inputs["images"]
    picture.dtype = picture.DESCRIPTOR.fields_by_name["dtype"].enum_type.values_by_name[
        "DT_STRING"
    ].number
    picture.tensor_shape.dim.add(size=1)
    picture.string_val.append(jpeg)
    outputs = predict(request, timeout=30, metadata=metadata).outputs
    values = outputs["output_alias"].float_val
    check(f"{path} Predict", max(range(len(values)), key=values.__getitem__), int(index))

    request = InferRequest(model_name=model)
    pictures = request.inputs.add(name="images", datatype="BYTES", shape=[1])
    pictures.contents.bytes_contents.append(jpeg)
    wanted = request.outputs.add(name="output_alias")
    wanted.parameters["classification"].int64_param = 1
    (answer,) = infer(request, timeout=30, metadata=metadata).outputs
    best = answer.contents.bytes_contents[0].decode()
    check(f"{path} ModelInfer", int(best.split(":")[1]), int(index))
