import { ScoringError } from "../errors";
import type { ModelPackage } from "../model/modelPackage";

/** How a caller names what it wants to be served by; what is absent or empty means the only one there is. */
export interface ModelReference {
  readonly name?: string | undefined;
  /** A version as the caller wrote it. */
  readonly version?: string | number | undefined;
  readonly label?: string | undefined;
  readonly signature?: string | undefined;
}

/** The one model that is served, and the other names it answers to. */
export interface ServedModel {
  readonly model: ModelPackage;
  /** The model is found under this name as well. */
  readonly serviceName: string;
  /** Labels of the served version. */
  readonly versionLabels: readonly string[];
}

/** Name of the one signature that every model has. */
export const defaultSignature = "serving_default";

/**
 * Checks that a reference means the served model; its messages are TensorFlow Serving's.
 * @throws ScoringError NOT_FOUND for another name or version, INVALID_REQUEST for an unknown label, UNKNOWN_SIGNATURE
 */
export function checkReference(served: ServedModel, reference: ModelReference): void {
  const { model, serviceName, versionLabels } = served;
  const { name, version, label, signature } = reference;
  if (name && name !== model.name && name !== serviceName) {
    throw new ScoringError("NOT_FOUND", `Servable not found for request: Latest(${name})`);
  }
  if (version !== undefined && String(version) !== model.version) {
    const message = `Servable not found for request: Specific(${model.name}, ${version})`;
    throw new ScoringError("NOT_FOUND", message);
  }
  if (label && !versionLabels.includes(label)) {
    throw new ScoringError("INVALID_REQUEST", `Unrecognized servable version label: ${label}`);
  }
  if (signature && signature !== defaultSignature) {
    const message = `Serving signature key "${signature}" not found.`;
    throw new ScoringError("UNKNOWN_SIGNATURE", message);
  }
}
