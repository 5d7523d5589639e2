import assert from "node:assert/strict";
// The server's packages are not those of the root, where the tests live.
import {
  Client,
  credentials,
  Metadata,
  type ServiceError,
} from "../../../../scoring-image/node_modules/@grpc/grpc-js";
import { FileDescriptorProto } from "../../../../scoring-image/node_modules/protobufjs/ext/descriptor";
import { methodOf } from "../../../support/grpcClient";
import { authorization, startService, type RunningService } from "../../../support/service";
import { colourClassifier } from "../../../support/tinyModel";

const infoOf = (version: string) =>
  methodOf(
    `grpc/reflection/${version}/reflection.proto`,
    `grpc.reflection.${version}.ServerReflection`,
    "ServerReflectionInfo",
  );

type Answer = Readonly<Record<string, unknown>>;

describe("protocols/grpc/reflection", () => {
  let running: RunningService;
  let client: Client;
  before(async () => {
    running = await startService({ MODEL_DIR: colourClassifier("logits") });
    client = new Client(running.grpcAddress, credentials.createInsecure());
  });
  after(async () => {
    client.close();
    await running.stop();
  });

  const open = (version = "v1", headers: Record<string, string> = { authorization }) => {
    const { path, responseDeserialize } = infoOf(version);
    const metadata = new Metadata();
    for (const [name, value] of Object.entries(headers)) metadata.set(name, value);
    const keep = (bytes: Buffer) => bytes;
    return client.makeBidiStreamRequest(path, keep, responseDeserialize, metadata);
  };

  /** What one stream answers to these requests. @throws ServiceError */
  async function ask(
    requests: (object | Buffer)[],
    version = "v1",
    headers?: { [k: string]: string },
  ) {
    const stream = open(version, headers);
    const answers: Answer[] = [];
    const ended = new Promise<void>((resolve, reject) => {
      stream.on("data", (answer: Answer) => answers.push(answer));
      stream.on("error", reject).on("end", resolve);
    });
    const { requestSerialize } = infoOf(version);
    for (const each of requests)
      stream.write(Buffer.isBuffer(each) ? each : requestSerialize(each));
    stream.end();
    await ended;
    return answers;
  }

  const errorOf = async (request: object) => {
    const [answer] = await ask([request]);
    assert.equal(answer?.["message_response"], "error_response");
    return answer["error_response"];
  };

  const services = [
    "grpc.health.v1.Health",
    "tensorflow.serving.PredictionService",
    "tensorflow.serving.ModelService",
    "inference.GRPCInferenceService",
    "grpc.reflection.v1.ServerReflection",
    "grpc.reflection.v1alpha.ServerReflection",
  ];

  for (const version of ["v1", "v1alpha"]) {
    it(`lists the services, by ${version}`, async () => {
      const [answer] = await ask([{ host: "a", list_services: "*" }], version);
      assert.deepEqual(answer, {
        valid_host: "a",
        original_request: { host: "a", list_services: "*", message_request: "list_services" },
        list_services_response: { service: services.map((name) => ({ name })) },
        message_response: "list_services_response",
      });
    });
  }

  const namesIn = (answer: Answer | undefined) => {
    const files = answer?.["file_descriptor_response"] as
      { file_descriptor_proto: Buffer[] } | undefined;
    return files?.file_descriptor_proto
      .map((bytes) => FileDescriptorProto.decode(bytes))
      .map((file) => (file as unknown as { name: string }).name);
  };

  it("finds the file of every service that it lists, in one stream, in order", async () => {
    const answers = await ask(services.map((name) => ({ file_containing_symbol: name })));
    assert.deepEqual(
      answers.map((answer) => namesIn(answer)?.[0]),
      [
        "grpc/health/v1/health.proto",
        "tensorflow_serving.proto",
        "tensorflow_serving.proto",
        "open_inference.proto",
        "grpc/reflection/v1/reflection.proto",
        "grpc/reflection/v1alpha/reflection.proto",
      ],
    );
  });

  it("sends a file by its name", async () => {
    const [answer] = await ask([{ file_by_filename: "tensorflow.proto" }]);
    assert.deepEqual(namesIn(answer), ["tensorflow.proto"]);
  });

  it("knows no extensions", async () => {
    const type = "inference.ModelInferRequest";
    const [answer] = await ask([{ all_extension_numbers_of_type: type }]);
    assert.deepEqual(answer?.["all_extension_numbers_response"], {
      base_type_name: type,
      extension_number: [],
    });
    const extension = { containing_type: type, extension_number: 7 };
    assert.deepEqual(await errorOf({ file_containing_extension: extension }), {
      error_code: 5,
      error_message: 'There is no extension "inference.ModelInferRequest 7" here.',
    });
  });

  const unknown: [request: object, code: number, message: string][] = [
    [{ file_by_filename: "../main.js" }, 5, 'There is no file "../main.js" here.'],
    [{ file_containing_symbol: "a.B" }, 5, 'There is no symbol "a.B" here.'],
    [{ file_containing_symbol: "" }, 5, 'There is no symbol "" here.'],
    [{ all_extension_numbers_of_type: "a.B" }, 5, 'There is no message "a.B" here.'],
    [{ host: "a" }, 3, "The request has no message_request."],
  ];
  for (const [request, code, message] of unknown) {
    it(`answers ${JSON.stringify(request)} with error ${code}, and the stream goes on`, async () => {
      assert.deepEqual(await errorOf(request), { error_code: code, error_message: message });
      assert.equal((await ask([request, { list_services: "" }])).length, 2);
    });
  }

  it("refuses a message that is cut off", () =>
    assert.rejects(ask([Buffer.from("1aff", "hex")]), (error: ServiceError) => {
      assert.equal(error.code, 3);
      assert.match(
        error.details,
        /^The message is not a valid request of \/grpc\.reflection\.v1\./,
      );
      return true;
    }));

  for (const [what, headers, code] of [
    ["without a key", {}, 16],
    ["with a wrong key", { authorization: "Bearer wrong" }, 16],
    ["for another service", { authorization, "x-ms-aml-grpc-service-route": "other" }, 5],
  ] as const) {
    it(`refuses a stream ${what}`, () =>
      assert.rejects(ask([{ list_services: "" }], "v1", headers), { code }));
  }

  it("ends streams that their callers leave open when the service drains", async () => {
    const other = await startService({ MODEL_DIR: colourClassifier("logits") });
    const own = new Client(other.grpcAddress, credentials.createInsecure());
    const { path, requestSerialize } = infoOf("v1");
    const metadata = new Metadata();
    metadata.set("authorization", authorization);
    const keep = (bytes: Buffer) => bytes;
    const stream = own.makeBidiStreamRequest(path, keep, keep, metadata);
    const ended = new Promise((resolve) => stream.once("end", resolve));
    const answered = new Promise((resolve) => stream.once("data", resolve));
    stream.write(requestSerialize({ list_services: "" }));
    await answered;
    assert.equal(await other.stop(), true);
    await ended;
    own.close();
  });
});
