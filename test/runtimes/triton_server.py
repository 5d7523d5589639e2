"""NVIDIA Triton, started by pytriton, with an ONNX file behind its Python backend. Arguments: model.onnx, model name, gRPC port, HTTP port, metrics port."""

import sys

import numpy
import onnxruntime
from pytriton.decorators import batch
from pytriton.model_config import ModelConfig, Tensor
from pytriton.triton import Triton, TritonConfig

file, name, grpc_port, http_port, metrics_port = sys.argv[1:]
options = onnxruntime.SessionOptions()
options.intra_op_num_threads = 1
session = onnxruntime.InferenceSession(file, options)
[graph_input] = session.get_inputs()
outputs = session.get_outputs()


@batch
def infer(**inputs):
    return session.run([output.name for output in outputs], inputs)


def tensor(value):
    dtypes = {"tensor(float)": numpy.float32, "tensor(uint8)": numpy.uint8}
    return Tensor(name=value.name, dtype=dtypes[value.type], shape=tuple(value.shape[1:]))


config = TritonConfig(
    grpc_port=int(grpc_port), http_port=int(http_port), metrics_port=int(metrics_port)
)
with Triton(config=config) as triton:
    triton.bind(
        model_name=name,
        infer_func=infer,
        inputs=[tensor(graph_input)],
        outputs=[tensor(output) for output in outputs],
        config=ModelConfig(max_batch_size=8),
        strict=True,
    )
    triton.serve()
