import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import path from "node:path";
import { metricNames } from "../../../scoring-image/src/contract";
import { Metrics } from "../../../scoring-image/src/telemetry/metrics";
import { root } from "../../support/paths";

describe("telemetry/metrics", () => {
  it("are described in docs/server.md, type and meaning, and no others are", async () => {
    const metrics = new Metrics();
    const zero = () => 0;
    metrics.watch({
      ...{ waiting: zero, decoding: zero, finishing: zero },
      ...{ lanesReady: zero, decodeThreads: zero },
    });
    metrics.watchCallers({ connections: zero, heldBytes: zero, droppedLines: zero });
    metrics.watchRuntime({ isReady: () => true });
    const own = (await metrics.registry.getMetricsAsJSON()).filter(({ name }) =>
      name.startsWith("scoring_"),
    );
    assert.deepEqual(own.map(({ name }) => name).sort(), Object.values(metricNames).sort());
    const page = readFileSync(path.join(root, "docs", "server.md"), "utf8");
    assert.deepEqual(
      page
        .split("\n")
        .filter((line) => line.startsWith("| `scoring_"))
        .sort(),
      own.map(({ name, type, help }) => `| \`${name}\` | ${String(type)} | ${help} |`).sort(),
    );
  });
});
