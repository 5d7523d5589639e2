"""Bodies for schemathesis, whose schema can only say that they are binary: photographs, so that answers with scores are checked too, and noise."""

import os
from pathlib import Path

import schemathesis
from hypothesis import strategies

photographs = [Path(path).read_bytes() for path in os.environ["PHOTOGRAPHS"].split(os.pathsep)]
bodies = strategies.sampled_from(photographs) | strategies.binary(max_size=200)
for media_type in ("application/octet-stream", "image/jpeg", "image/png"):
    schemathesis.openapi.media_type(media_type, bodies)
