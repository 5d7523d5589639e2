import { existsSync } from "node:fs";
import path from "node:path";
import { loadSync, type PackageDefinition } from "@grpc/proto-loader";
import type { ServiceDefinition } from "@grpc/grpc-js";

/** The build copies `proto/` beside the bundle; the source tree has it at the package's root. */
const folder = [path.join(__dirname, "proto"), path.join(__dirname, "../../../proto")].find(
  (candidate) => existsSync(candidate),
);

/**
 * Loads one of the `.proto` files of this package: fields by their names in the file, 64-bit integers as numbers, enums by name,
 * absent fields with their defaults.
 * @param file for example `health.proto`
 */
export function loadProto(file: string): PackageDefinition {
  return loadSync(file, {
    includeDirs: [folder as string],
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
