import { existsSync } from "node:fs";
import path from "node:path";
import { loadSync, type PackageDefinition } from "@grpc/proto-loader";
import type { ServiceDefinition } from "@grpc/grpc-js";
import { Root } from "protobufjs";
import { messageSchema, type MessageSchema } from "./messageSchema";

/** The build copies `proto/` beside the bundle; the source tree has it at the package's root. Files are named by their path in it. */
export const protoFolder = [
  path.join(__dirname, "proto"),
  path.join(__dirname, "../../proto"),
].find((candidate) => existsSync(candidate)) as string;

/**
 * Loads one of the `.proto` files of this package: fields by their names in the file, 64-bit integers as numbers, enums by name,
 * absent fields with their defaults.
 * @param file its path in `proto/`, for example `open_inference.proto`
 */
export function loadProto(file: string): PackageDefinition {
  return loadSync(file, {
    includeDirs: [protoFolder],
    keepCase: true,
    longs: Number,
    enums: String,
    defaults: true,
    oneofs: true,
  });
}

/** One service of a loaded file, by its full name. */
export const serviceOf = (definitions: PackageDefinition, name: string): ServiceDefinition =>
  definitions[name] as ServiceDefinition;

/**
 * The schema of the requests of a method.
 * @param file as `loadProto` takes it
 * @param path of the method, for example `/inference.GRPCInferenceService/ModelInfer`
 */
export function requestSchema(file: string, path: string): MessageSchema {
  const [, service = "", method = ""] = path.split("/");
  const type = rootOf(file).lookupService(service).methods[method]?.resolvedRequestType;
  if (!type) throw new Error(`${file} has no method ${path}`);
  return messageSchema(type);
}

const roots = new Map<string, Root>();

function rootOf(file: string): Root {
  const made = roots.get(file);
  if (made) return made;
  const root = new Root();
  root.resolvePath = (_origin, target) => path.join(protoFolder, target);
  root.loadSync(file, { keepCase: true }).resolveAll();
  roots.set(file, root);
  return root;
}
