/** A model package that cannot be served; the message names file, field and fix. */
export class ModelPackageError extends Error {
  override readonly name = "ModelPackageError";
}
