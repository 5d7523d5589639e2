import assert from "node:assert/strict";
import { attacks } from "../../../scoring-image/hostile/attacks";

describe("hostile/attacks", () => {
  it("are named apart, bounded in time, and know a refusal among their outcomes", () => {
    const names = attacks.map(({ name }) => name);
    assert.deepEqual(names, [...new Set(names)]);
    // `--only` takes several names, separated by commas.
    assert.deepEqual(
      names.filter((name) => name.includes(",")),
      [],
    );
    const wrong = attacks.filter(
      ({ seconds, outcomes, refusals, transports }) =>
        seconds > 100 || transports.length === 0 || refusals.some((one) => !outcomes.includes(one)),
    );
    assert.deepEqual(wrong, []);
  });

  it("cover HTTP, gRPC and bare connections, each with TLS, with a key and without", () => {
    const kinds = new Set(
      attacks.flatMap(({ over, transports }) => transports.map((one) => `${over} ${one}`)),
    );
    const wanted = ["HTTP", "gRPC", "TCP"].flatMap((over) => [`${over} clear`, `${over} tls`]);
    assert.deepEqual([...kinds].sort(), wanted.sort());
    assert.deepEqual([...new Set(attacks.map(({ hasKey }) => hasKey))].sort(), [false, true]);
  });
});
