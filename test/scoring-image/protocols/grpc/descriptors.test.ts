import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import path from "node:path";
import {
  FileDescriptorProto,
  FileDescriptorSet,
} from "../../../../scoring-image/node_modules/protobufjs/ext/descriptor";
import { Descriptors } from "../../../../scoring-image/src/protocols/grpc/descriptors";
import { fixtures } from "../../../support/paths";

interface File {
  readonly name: string;
  readonly package: string;
}

const protoc = FileDescriptorSet.toObject(
  FileDescriptorSet.decode(readFileSync(path.join(fixtures, "protos", "descriptors.bin"))),
) as { readonly file: readonly File[] };

/** Without what reflection needs not say: JSON names, which follow from the names, options of Google's own files, and the order of nested types. */
function essence(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(essence);
  if (typeof value !== "object" || value === null) return value;
  const isFile = "syntax" in value;
  const entries = Object.entries(value)
    .filter(([key, inner]) => key !== "jsonName" && !(Array.isArray(inner) && inner.length === 0))
    .filter(([key]) => !(isFile && key === "options"))
    .map(([key, inner]) => [key, key === "nestedType" ? byName(inner as File[]) : inner] as const);
  return Object.fromEntries(entries.map(([key, inner]) => [key, essence(inner)]));
}

const byName = (list: readonly File[]) =>
  [...list].sort((one, other) => (one.name < other.name ? -1 : 1));

const names = (found: Buffer[] | undefined) =>
  found?.map((bytes) => (FileDescriptorProto.decode(bytes) as unknown as File).name);

describe("protocols/grpc/descriptors", () => {
  const descriptors = new Descriptors(
    protoc.file.map(({ name }) => name).filter((name) => !name.startsWith("google/")),
  );

  for (const expected of protoc.file) {
    it(`describes ${expected.name} as protoc does`, () => {
      const [bytes] = descriptors.file(expected.name) ?? [];
      const found = FileDescriptorProto.toObject(FileDescriptorProto.decode(bytes as Buffer));
      assert.deepEqual(essence(found), essence(expected));
    });
  }

  it("sends what a file imports with it, each once", () => {
    assert.deepEqual(names(descriptors.file("tensorflow_serving.proto")), [
      "tensorflow_serving.proto",
      "google/protobuf/any.proto",
      "google/protobuf/wrappers.proto",
      "tensorflow.proto",
    ]);
    assert.equal(descriptors.file("other.proto"), undefined);
  });

  const declared: [symbol: string, file: string | undefined][] = [
    ["tensorflow.serving.PredictionService", "tensorflow_serving.proto"],
    ["tensorflow.serving.PredictionService.Predict", "tensorflow_serving.proto"],
    ["tensorflow.serving.PredictRequest.InputsEntry", "tensorflow_serving.proto"],
    ["tensorflow.TensorProto.float_val", "tensorflow.proto"],
    ["tensorflow.DataType", "tensorflow.proto"],
    ["tensorflow.DT_FLOAT", "tensorflow.proto"],
    ["google.protobuf.Int64Value", "google/protobuf/wrappers.proto"],
    ["inference.ModelInferRequest.InferInputTensor", "open_inference.proto"],
    ["grpc.health.v1.HealthCheckResponse.SERVING", "grpc/health/v1/health.proto"],
    ["tensorflow.serving", undefined],
    ["tensorflow.TensorProto.nothing", undefined],
    ["constructor", undefined],
  ];
  for (const [symbol, file] of declared) {
    it(`finds ${symbol} in ${file ?? "no file"}`, () => {
      assert.equal(descriptors.fileOf(symbol), file);
    });
  }
});
