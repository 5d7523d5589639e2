import { InferenceSession, Tensor } from "../../scoring-image/node_modules/onnxruntime-node";
import type { Pixels } from "../../scoring-image/src/imaging/pixels";
import { Resampler } from "../../scoring-image/src/imaging/resampler";
import { softmax } from "../../scoring-image/src/inference/classification";
import { readModelPackage } from "../../scoring-image/src/model/modelPackage";

/** Probabilities of pictures by the graph of a package that answers logits. */
async function probabilities(folder: string, pictures: readonly Pixels[]): Promise<Float32Array[]> {
  const { file, input, outputs } = readModelPackage(folder);
  const session = await InferenceSession.create(file);
  const { transform } = input;
  const resampler = new Resampler(transform);
  const rows: Float32Array[] = [];
  for (const pixels of pictures) {
    const data = Float32Array.from(resampler.resample(pixels));
    const tensor = new Tensor("float32", data, [1, 3, transform.height, transform.width]);
    const answer = await session.run({ [input.name]: tensor });
    rows.push(softmax(answer[outputs[0]?.name as string]?.data as Float32Array));
  }
  await session.release();
  return rows;
}

/** How many pictures two packages agree on in top-1, and the largest difference of a probability, by the server's own runtime. */
export async function countAgain(original: string, made: string, pictures: readonly Pixels[]) {
  const first = await probabilities(original, pictures);
  const second = await probabilities(made, pictures);
  const best = (row: Float32Array) => row.indexOf(Math.max(...row));
  const agreeing = first.filter((row, i) => best(row) === best(second[i] as Float32Array)).length;
  const shifts = first.map((row, i) =>
    Math.max(...row.map((value, k) => Math.abs(value - (second[i]?.[k] as number)))),
  );
  return { agreeing, shift: Math.max(...shifts) };
}
