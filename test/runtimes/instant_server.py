"""A runtime that answers [1,1000] zeros at once, for a model with an input [n,3,224,224]: what is left is the way there and back.

Its gRPC is the C core, as in MLServer and Triton; its messages are MLServer's. Argument: address.
"""

import sys
from concurrent.futures import ThreadPoolExecutor

import grpc
from mlserver.grpc import dataplane_pb2 as pb
from mlserver.grpc import dataplane_pb2_grpc as dataplane

TENSOR = pb.ModelMetadataResponse.TensorMetadata
ANSWER = pb.ModelInferResponse(
    outputs=[pb.ModelInferResponse.InferOutputTensor(name="logits", datatype="FP32", shape=[1, 1000])],
    raw_output_contents=[bytes(4000)],
)


class InstantRuntime(dataplane.GRPCInferenceServiceServicer):
    def ServerLive(self, request, context):
        return pb.ServerLiveResponse(live=True)

    def ServerReady(self, request, context):
        return pb.ServerReadyResponse(ready=True)

    def ModelReady(self, request, context):
        return pb.ModelReadyResponse(ready=True)

    def ModelMetadata(self, request, context):
        return pb.ModelMetadataResponse(
            inputs=[TENSOR(name="images", datatype="FP32", shape=[-1, 3, 224, 224])],
            outputs=[TENSOR(name="logits", datatype="FP32", shape=[-1, 1000])],
        )

    def ModelInfer(self, request, context):
        return ANSWER


server = grpc.server(ThreadPoolExecutor(1))
dataplane.add_GRPCInferenceServiceServicer_to_server(InstantRuntime(), server)
server.add_insecure_port(sys.argv[1])
server.start()
server.wait_for_termination()
