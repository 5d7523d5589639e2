/** `npm run verify:conversion`: networks of TensorFlow through the whole way, against TensorFlow. Minutes; needs Python. */
import assert from "node:assert/strict";
import { rmSync } from "node:fs";
import path from "node:path";
import { killProcesses } from "../support/serverProcess";
import { samples } from "../support/paths";
import { temporaryFolder } from "../support/temporaryFolder";
import {
  deviation,
  inferAll,
  largestDifference,
  model,
  photographs,
  python,
  referenceClient,
  serving,
  tensorsFor,
  topFive,
} from "./tools";

interface Compared {
  readonly milliseconds: { readonly first: number; readonly second: number };
  readonly peakMemoryMb: number;
  readonly outputs: readonly {
    readonly first: string;
    readonly largestOfDeviation: number;
    readonly standardDeviation: number;
    readonly leastDifferenceOfTwoPictures: number;
  }[];
}

/** Networks to check, all unless the variable NETWORKS names some. */
const networks = (
  process.env["NETWORKS"] ?? "resnet50 resnet152 densenet121 vgg16 jpeg-tf1 jpeg-tf2"
)
  .split(" ")
  .filter(Boolean);
const tolerance = 1e-4;

describe("conversion of whole networks", function () {
  this.timeout(1_800_000);
  let folder: string;
  beforeEach(() => {
    folder = temporaryFolder("conversion");
  });
  // The largest has half a gigabyte.
  afterEach(() => rmSync(folder, { recursive: true, force: true }));
  after(killProcesses);

  for (const name of networks.filter((network) => !network.startsWith("jpeg"))) {
    it(`${name}: logits and features equal TensorFlow's, and the service's answers do`, async () => {
      const saved = path.join(folder, "saved");
      const made = path.join(folder, name);
      await python("make_networks.py", name, samples, saved);
      const converted = model(
        ...["convert", saved, "--name", name, "--models", folder, "--preset", "reference"],
        ...["--input", "images", "--outputs", "logits,features"],
      );
      assert.equal(converted.status, 0, converted.said);
      const compared = model("verify", made, "--against", saved, "--tolerance", String(tolerance));
      assert.equal(compared.status, 0, compared.said);
      const report = compared.json as Compared;
      assert.equal(report.outputs.length, 2);
      for (const output of report.outputs) {
        assert(output.largestOfDeviation <= tolerance, JSON.stringify(output));
        // Different photographs give different vectors, far beyond the tolerance.
        assert(output.leastDifferenceOfTwoPictures > 0.1 * output.standardDeviation);
      }
      const tensors = path.join(folder, "samples.npy");
      await tensorsFor(made, tensors);
      const answered = await python("answers.py", saved, "logits,features", "--tensors", tensors);
      const { logits, features } = JSON.parse(answered) as Record<string, number[][]>;
      const served = await inferAll(made, name);
      for (const [index, expected] of [logits ?? [], features ?? []].entries()) {
        const rows = served.outputs.map((outputs) => outputs[index] ?? []);
        const difference = largestDifference(rows, expected) / deviation(expected);
        assert(difference <= tolerance, String(difference));
      }
      const { seconds, bytes } = converted.json as { seconds: number; bytes: number };
      console.log(
        `      ${name}: ${(bytes / 1e6).toFixed(0)} MB converted in ${seconds} s; largest difference ${report.outputs.map((o) => `${o.first} ${o.largestOfDeviation.toExponential(1)}`).join(", ")} of the deviation; a picture ${report.milliseconds.first} ms here, ${report.milliseconds.second} ms in TensorFlow; served in ${served.milliseconds.toFixed(0)} ms with ${served.memoryMb} MB`,
      );
    });
  }

  for (const name of networks.filter((network) => network.startsWith("jpeg"))) {
    it(`${name}: takes JPEG bytes, and the service gives TensorFlow's own top five`, async () => {
      const saved = path.join(folder, "saved");
      await python("make_networks.py", name, samples, saved);
      const converted = model(
        ...["convert", saved, "--name", "resnet50", "--models", folder, "--input", "images:0"],
      );
      assert.equal(converted.status, 0, converted.said);
      const { preprocessing } = converted.json as {
        preprocessing: { image: object; largestDifferenceOf255: number };
      };
      assert.deepEqual(preprocessing.image, { preset: "reference" });
      const { output_alias: expected = [] } = JSON.parse(
        await python("answers.py", saved, "output_alias", "--pictures", ...photographs),
      ) as Record<string, number[][]>;
      const { value: rows } = await serving(path.join(folder, "resnet50"), (server) =>
        referenceClient(server.grpcAddress, server.url, "resnet50", "images", "output_alias"),
      );
      assert.deepEqual(rows.grpc.map(topFive), expected.map(topFive));
      assert.deepEqual(rows.rest.map(topFive), expected.map(topFive));
      const difference = Math.max(
        largestDifference(rows.grpc, expected),
        largestDifference(rows.rest, expected),
      );
      assert(difference < 1e-3, String(difference));
      console.log(
        `      ${name}: preprocessing within ${preprocessing.largestDifferenceOf255.toExponential(1)} of 255, probabilities within ${difference.toExponential(1)}`,
      );
    });
  }
});
