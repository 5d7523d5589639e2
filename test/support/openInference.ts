import { readFileSync } from "node:fs";
import path from "node:path";
import { methodOf } from "./grpcClient";
import { fixtures } from "./paths";
import { authorization } from "./service";

/** What tritonclient sent, by the name of the file in `test/fixtures/open-inference`. */
export const recorded = (name: string): Buffer<ArrayBuffer> =>
  Buffer.from(readFileSync(path.join(fixtures, "open-inference", name)));

/** Length of the JSON before the binary data of a recorded HTTP body. */
export const jsonLengths = JSON.parse(recorded("jsonLengths.json").toString()) as Readonly<
  Record<string, number>
>;

export const inferMethod = methodOf(
  "open_inference.proto",
  "inference.GRPCInferenceService",
  "ModelInfer",
);

/** Headers of a request whose body begins with that much JSON. */
export const withJson = (length: number) => ({
  authorization,
  "inference-header-content-length": String(length),
});

/** The values of the one binary output that follows the JSON of an answer. */
export async function binaryAnswer(response: Response) {
  const body = Buffer.from(await response.arrayBuffer());
  const length = Number(response.headers.get("inference-header-content-length"));
  const json = JSON.parse(body.subarray(0, length).toString()) as { readonly id?: string };
  return {
    json,
    values: Array.from(new Float32Array(Uint8Array.from(body.subarray(length)).buffer)),
  };
}
