"""Model of Triton's Python backend: one JPEG as bytes, 1000 float32 back. Each instance is a process of its own."""

import json

import triton_python_backend_utils as triton
from picture import open_session, probabilities_of


class TritonPythonModel:
    def initialize(self, args):
        parameters = json.loads(args["model_config"])["parameters"]
        self.session = open_session(parameters["file"]["string_value"])

    def execute(self, requests):
        return [self.answer(request) for request in requests]

    def answer(self, request):
        jpeg = triton.get_input_tensor_by_name(request, "jpeg").as_numpy()
        scores = probabilities_of(self.session, jpeg)
        return triton.InferenceResponse([triton.Tensor("scores", scores)])
