import assert from "node:assert/strict";
import type { Attack } from "../../../scoring-image/hostile/attack";
import { claims, isBack, rssBackMb, type Finding } from "../../../scoring-image/hostile/claims";
import { complaints, table } from "../../../scoring-image/hostile/report";

const usage = { rssMb: 200, peakMb: 300, threads: 10, descriptors: 30, cpuMs: 1000 };
const health = { probes: 100, failed: 0, p99Ms: 20 };
const service = { scored: 10, lost: 0, faults: {}, p99Ms: 50 };

const attack: Attack = {
  ...{ name: "a", what: "b", over: "HTTP", hasKey: true, transports: ["clear"], seconds: 1 },
  ...{ outcomes: ["200", "413"], refusals: ["413"], run: () => Promise.resolve() },
};

const withstood: Finding = {
  ...{ name: "a", attack, control: { health, service }, during: { health, service } },
  report: { bytesSent: 2000, outcomes: { "413": 3 } },
  ...{ seconds: 1, warmed: usage, before: usage, after: usage, recovery: 0.5, cpuMs: 100 },
  ...{ stopSeconds: undefined, ending: undefined },
};

/** The beginnings of the claims that do not hold. */
const broken = (finding: Finding, isLimited = true) =>
  claims(finding, 3, isLimited)
    .filter(({ holds }) => !holds)
    .map(({ claim }) => claim.slice(0, 12));

describe("hostile/claims", () => {
  it("all hold where nothing happened", () => {
    assert.equal(claims(withstood, 3, true).length, 6);
    assert.deepEqual(broken(withstood), []);
  });

  it("each breaks by what it is about", () => {
    const seen = (changed: Partial<Finding>) => broken({ ...withstood, ...changed });
    const late = { ...health, p99Ms: 251 };
    const lost = { ...service, lost: 1, faults: { TIMEOUT: 1 } };
    assert.deepEqual(seen({ ending: "SIGKILL" }), ["the process "]);
    assert.deepEqual(seen({ after: { ...usage, peakMb: 700 } }), ["resident mem"]);
    assert.deepEqual(seen({ recovery: undefined }), ["memory (260 "]);
    assert.deepEqual(seen({ during: { health: late, service } }), ["health answe"]);
    assert.deepEqual(seen({ during: { health, service: lost } }), ["good clients"]);
    for (const outcomes of [{ "200": 3 }, { "413": 1, open: 1 }, {}] as Record<string, number>[])
      assert.deepEqual(seen({ report: { bytesSent: 1, outcomes } }), ["refused: 413"]);
  });

  it("give health 250 ms more than a control that is slow itself", () => {
    const slow = { health: { ...health, p99Ms: 300 }, service };
    const at = (p99Ms: number) =>
      broken({ ...withstood, control: slow, during: { health: { ...health, p99Ms }, service } });
    assert.deepEqual([at(550), at(551)], [[], ["health answe"]]);
  });

  it("ask of a server that is stopped only that it ends within grace and 5 s, in its memory", () => {
    const stopped = { ...withstood, during: undefined, ending: "exit code 1" };
    assert.deepEqual(broken({ ...stopped, stopSeconds: 8 }), []);
    assert.deepEqual(broken({ ...stopped, stopSeconds: 8.1 }), ["SIGTERM ends"]);
  });

  it("call memory a figure where there is no limit", () => {
    const finding = { ...withstood, recovery: undefined };
    const [missed] = claims(finding, 3, false).filter(({ holds }) => !holds);
    assert.equal(missed?.isFigure, true);
  });

  it("count as given back 60 MB or 15 % more, 16 descriptors and 2 threads", () => {
    assert.equal(rssBackMb(usage), 260);
    assert.equal(Math.round(rssBackMb({ ...usage, rssMb: 1000 })), 1150);
    const most = { ...usage, rssMb: 260, descriptors: 46, threads: 12 };
    assert.equal(isBack(most, usage), true);
    for (const field of ["rssMb", "descriptors", "threads"] as const)
      assert.equal(isBack({ ...most, [field]: most[field] + 1 }, usage), false);
  });
});

describe("hostile/report", () => {
  it("has a row for each attack and a line for each claim that failed", () => {
    const finding = { ...withstood, after: { ...usage, peakMb: 712.4 } };
    const judged = { finding, checks: claims(finding, 3, true) };
    assert.equal(
      table([judged]).split("\n")[2],
      "| a | 2.0 KB | 50 | 200, 712, 200 | 20, 20 | 0 of 10 | 3 x 413 | 1 |",
    );
    assert.deepEqual(complaints(judged), ["  FAILED: resident memory stays below 700 MB: 712 MB"]);
  });
});
