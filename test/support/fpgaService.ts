import { rmSync } from "node:fs";
import path from "node:path";
import { plainJpeg } from "./pictures";
import type { RunningService } from "./service";
import { tinyManifest, tinyPackage } from "./tinyModel";

/** What clients are told while the runtime is not there, not ready or without its model. */
export const programming = "The accelerator is being programmed; send the request again later.";

/** A package without the ONNX file: the runtime has the model. */
export function manifestAlone(
  change: (manifest: ReturnType<typeof tinyManifest>) => void = () => undefined,
): string {
  const manifest = tinyManifest("mean-colour");
  change(manifest);
  const folder = tinyPackage("mean-colour", { ...manifest, sha256: undefined });
  rmSync(path.join(folder, "model.onnx"));
  return folder;
}

/** Scores a picture of one colour. */
export async function score(
  service: RunningService,
  colour: [number, number, number],
  init?: RequestInit,
) {
  const response = await service.post(plainJpeg(colour), init);
  return {
    status: response.status,
    retryAfter: response.headers.get("retry-after"),
    body: (await response.json()) as unknown,
  };
}

/** The code of an error that `score` was answered. */
export const codeOf = ({ body }: { readonly body: unknown }) =>
  (body as { readonly error?: { readonly code: string } }).error?.code;

export const isReady = async ({ url }: Pick<RunningService, "url">) =>
  (await fetch(`${url}/v2/health/ready`)).status === 200;
