"""Writes test/fixtures/protos/descriptors.bin: what protoc makes of the .proto files in scoring-image/proto (a google.protobuf.FileDescriptorSet)."""

import sys
from pathlib import Path

import grpc_tools
from grpc_tools import protoc

root = Path(__file__).parents[2]
protos = root / "scoring-image" / "proto"
target = root / "test" / "fixtures" / "protos" / "descriptors.bin"
arguments = [
    "protoc",
    f"-I{protos}",
    f"-I{Path(grpc_tools.__file__).parent / '_proto'}",
    "--include_imports",
    f"--descriptor_set_out={target}",
    *sorted(str(file.relative_to(protos)) for file in protos.rglob("*.proto")),
]
sys.exit(protoc.main(arguments))
