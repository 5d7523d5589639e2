"""The ten lines that MLServer needs to run an ONNX file: tensors in and out by their names in the graph."""

import onnxruntime
from mlserver import MLModel
from mlserver.codecs import NumpyCodec
from mlserver.types import InferenceRequest, InferenceResponse


class OnnxModel(MLModel):
    async def load(self) -> bool:
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1
        self._session = onnxruntime.InferenceSession(self.settings.parameters.uri, options)
        return True

    async def predict(self, payload: InferenceRequest) -> InferenceResponse:
        inputs = {tensor.name: NumpyCodec.decode_input(tensor) for tensor in payload.inputs}
        names = [output.name for output in self._session.get_outputs()]
        outputs = zip(names, self._session.run(names, inputs))
        encoded = [NumpyCodec.encode_output(name, values) for name, values in outputs]
        return InferenceResponse(model_name=self.name, outputs=encoded)
