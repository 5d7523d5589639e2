import assert from "node:assert/strict";
import { standardDeviation } from "../../../scoring-image/gpu/floor/equality";
import { readOptions } from "../../../scoring-image/gpu/options";
import { smallestDistance } from "../../../scoring-image/gpu/parts/answers";
import { largestFall } from "../../../scoring-image/gpu/parts/clients";
import { textOf } from "../../../scoring-image/gpu/report";
import { parseSample } from "../../../scoring-image/gpu/server/gpuWatch";
import { readMetrics, stageFigures } from "../../../scoring-image/gpu/server/metrics";
import { cpuMsOf } from "../../../scoring-image/gpu/server/processUsage";

const scrape = (values: Readonly<Record<string, number>>) =>
  Object.entries({ scoring_decode_threads: 4, scoring_lanes_ready: 1, ...values })
    .map(([name, value]) => `# TYPE ${name} gauge\n${name} ${value}\n`)
    .join("");

describe("gpu/ figures", () => {
  it("come from two scrapes of /metrics", () => {
    const before = readMetrics(
      scrape({ scoring_batch_size_sum: 100, scoring_batch_size_count: 50 }),
    );
    assert.equal(before.get("scoring_batch_size_sum"), 100);
    const zero = {
      scoring_batch_padding_rows_total: 0,
      scoring_decode_busy_seconds_total: 1,
      scoring_lane_busy_seconds_total: 2,
      scoring_inference_duration_seconds_sum: 1,
      scoring_inference_duration_seconds_count: 100,
    };
    const first = { ...zero, scoring_batch_size_sum: 100, scoring_batch_size_count: 50 };
    const last = {
      scoring_batch_size_sum: 400,
      scoring_batch_size_count: 60,
      scoring_batch_padding_rows_total: 100,
      scoring_decode_busy_seconds_total: 7,
      scoring_lane_busy_seconds_total: 3,
      scoring_inference_duration_seconds_sum: 1.5,
      scoring_inference_duration_seconds_count: 200,
    };
    const found = stageFigures(readMetrics(scrape(first)), readMetrics(scrape(last)), 2);
    assert.equal(found.meanBatch, 30);
    assert.equal(found.paddingShare, 0.25);
    assert.equal(found.decodeBusyShare, 0.75);
    assert.equal(found.laneBusyShare, 0.5);
    assert.equal(found.meanRunMs, 5);
  });

  it("take CPU time from a line of /proc whose name has spaces", () => {
    const stat = "42 (node (a) b) S 1 42 42 0 -1 4194304 9 0 0 0 150 25 0 0 20 0 11 0 100";
    assert.equal(cpuMsOf(stat), 1750);
  });

  it("take what nvidia-smi reports and nothing else", () => {
    assert.deepEqual(parseSample("57, 1234"), { busyPercent: 57, usedMb: 1234 });
    assert.equal(parseSample("[N/A], 1234"), undefined);
    assert.equal(parseSample("No devices were found"), undefined);
  });

  it("compare answers and steps", () => {
    assert.equal(
      smallestDistance([
        [0, 0],
        [3, 1],
        [3, 1.5],
      ]),
      0.5,
    );
    assert.equal(standardDeviation([1, 3]), 1);
    const rates = [100, 80, 200, 150].map((imagesPerSecond) => ({ imagesPerSecond }));
    assert.equal(largestFall(rates), 0.25);
    assert.equal(largestFall(rates.slice(1, 3)), 0);
  });

  it("are printed with about three digits", () => {
    assert.deepEqual([0.01234, 1.234, 12.34, 123.4, 5000, NaN].map(textOf), [
      ...["0.012", "1.23", "12.3", "123", "5000", "-"],
    ]);
  });

  it("are asked for by options that are checked", () => {
    const found = readOptions(["--only", "floor,open", "--env", "A=b=c", "--clients", "1,8"]);
    assert.deepEqual(
      [found?.only, found?.env, found?.clients, found?.provider],
      [["floor", "open"], { A: "b=c" }, [1, 8], "cuda"],
    );
    assert.equal(readOptions(["--help"]), undefined);
    assert.throws(() => readOptions(["--only", "floors"]), /--only: "floors" is none of floor, /);
    assert.throws(() => readOptions(["--seconds", "0"]), /--seconds: "0" is no number above 0/);
  });
});
