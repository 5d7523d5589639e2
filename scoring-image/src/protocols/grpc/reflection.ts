import { status } from "@grpc/grpc-js";
import type { GrpcServer } from "../grpcServer";
import { Descriptors } from "./descriptors";
import { loadProto, serviceOf } from "../../proto/protos";

interface ReflectionRequest {
  readonly host: string;
  /** Which of the following is there. */
  readonly message_request?: string;
  readonly file_by_filename?: string;
  readonly file_containing_symbol?: string;
  readonly file_containing_extension?: {
    readonly containing_type: string;
    readonly extension_number: number;
  };
  readonly all_extension_numbers_of_type?: string;
  readonly list_services?: string;
}

const versions = ["v1", "v1alpha"] as const;
const reflectionFile = (version: string) => `grpc/reflection/${version}/reflection.proto`;

/** Every `.proto` file of a service; what they import is found by itself. */
const files = [
  "tensorflow_serving.proto",
  "open_inference.proto",
  "grpc/health/v1/health.proto",
  ...versions.map(reflectionFile),
];

/**
 * gRPC server reflection, by which tools such as grpcurl find services and messages; `grpc.reflection.v1` and the older `v1alpha`, which differ in
 * name alone. It needs a key, as the metadata of the model does.
 * https://github.com/grpc/grpc/blob/master/doc/server-reflection.md
 */
export function addReflection(server: GrpcServer): void {
  let descriptors: Descriptors | undefined;
  for (const version of versions) {
    const name = `grpc.reflection.${version}.ServerReflection`;
    const file = reflectionFile(version);
    const definition = serviceOf(loadProto(file), name);
    server.addConversation(file, definition, (request: ReflectionRequest) => ({
      valid_host: request.host,
      original_request: request,
      // Made when the first caller asks: most services are never asked.
      ...answerOf(request, (descriptors ??= new Descriptors(files)), server.serviceNames),
    }));
  }
}

/** One of the members of ServerReflectionResponse.message_response. */
function answerOf(
  request: ReflectionRequest,
  descriptors: Descriptors,
  serviceNames: readonly string[],
): object {
  const { file_by_filename: file = "", file_containing_symbol: symbol = "" } = request;
  switch (request.message_request) {
    case "list_services":
      return { list_services_response: { service: serviceNames.map((name) => ({ name })) } };
    case "file_by_filename":
      return filesAnswer(descriptors.file(file)) ?? notFound("file", file);
    case "file_containing_symbol":
      return (
        filesAnswer(descriptors.file(descriptors.fileOf(symbol) ?? "")) ??
        notFound("symbol", symbol)
      );
    case "file_containing_extension": {
      const { containing_type: type = "", extension_number: number = 0 } =
        request.file_containing_extension ?? {};
      return notFound("extension", `${type} ${number}`);
    }
    case "all_extension_numbers_of_type": {
      const type = request.all_extension_numbers_of_type ?? "";
      // No message here can be extended.
      return descriptors.isMessage(type)
        ? { all_extension_numbers_response: { base_type_name: type, extension_number: [] } }
        : notFound("message", type);
    }
    case undefined:
    default:
      return errorAnswer(status.INVALID_ARGUMENT, "The request has no message_request.");
  }
}

const filesAnswer = (found: readonly Buffer[] | undefined) =>
  found && { file_descriptor_response: { file_descriptor_proto: found } };

const notFound = (what: string, name: string) =>
  errorAnswer(status.NOT_FOUND, `There is no ${what} "${name.slice(0, 200)}" here.`);

const errorAnswer = (code: status, message: string) => ({
  error_response: { error_code: code, error_message: message },
});
