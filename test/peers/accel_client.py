"""Calls the service with PredictionClient of azureml-accel-models, the client of 2019.

Its client module alone is loaded: the package's own __init__ needs azureml-core, of which the module uses one class for a type check.

Usage: accel_client.py GRPC_ADDRESS KEY SERVICE PHOTOGRAPH=CLASS_INDEX ...
"""

import importlib.metadata
import importlib.util
import os
import sys
import types

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
for name in ("azureml.core", "azureml.core.webservice", "azureml.core.webservice.aks"):
    sys.modules[name] = types.ModuleType(name)
sys.modules["azureml.core.webservice.aks"].AksWebservice = type("AksWebservice", (), {})

files = importlib.metadata.files("azureml-accel-models")
folder = next(f for f in files if str(f) == "azureml/accel/_client.py").locate().parent
package = types.ModuleType("azureml.accel")
package.__path__ = [str(folder)]
sys.modules["azureml.accel"] = package
spec = importlib.util.spec_from_file_location("azureml.accel._client", folder / "_client.py")
module = importlib.util.module_from_spec(spec)
spec.loader.exec_module(module)

address, key, service, *photographs = sys.argv[1:]
host, port = address.rsplit(":", 1)
client = module.PredictionClient(
    address=host, port=int(port), access_token=key, service_name=service
)
for photograph in photographs:
    path, index = photograph.rsplit("=", 1)
    for name, outputs in (("images", "output_alias"), ("Placeholder:0", None)):
        scores = client.score_file(path=path, input_name=name, outputs=outputs)
        found = int(scores.argmax())
        if scores.shape != (1000,) or found != int(index):
            sys.exit(f"{path}, {name}: class {found}, shape {scores.shape}")
        print(f"{path} score_file {name}: {found}")
