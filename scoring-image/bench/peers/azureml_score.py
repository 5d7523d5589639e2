"""Entry script of azureml-inference-server-http, in the shape that Azure ML's services had in 2019. MODEL is the ONNX file."""

import os

import orjson
from azureml_inference_server_http.api.aml_request import rawhttp
from azureml_inference_server_http.api.aml_response import AMLResponse
from picture import open_session, probabilities_of


def init():
    global session
    session = open_session(os.environ["MODEL"])


@rawhttp
def run(request):
    scores = probabilities_of(session, request.get_data())
    return AMLResponse(orjson.dumps(scores[None], option=orjson.OPT_SERIALIZE_NUMPY), 200)
