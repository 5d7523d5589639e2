import type { Attack } from "../attack";
import { post, predictPath } from "../httpPost";

const refused = ["400", "413", "429", "503", "closed"];

/** As much as one body may be. */
const large = 15_900_000;

export const bulk: readonly Attack[] = [
  {
    name: "uploads",
    what: "200 bodies of 15.9 MB at once, no pictures",
    ...{ over: "HTTP", hasKey: true, transports: ["clear"], seconds: 20 },
    ...{ outcomes: refused, refusals: refused },
    run: (wire) => {
      const parts = [Buffer.alloc(large, "x")];
      return wire.each(200, () => post(wire, { parts }));
    },
  },
  {
    name: "large JSON",
    what: "60 bodies of 15.9 MB at once, all numbers",
    ...{ over: "HTTP", hasKey: true, transports: ["clear"], seconds: 20 },
    ...{ outcomes: refused, refusals: refused },
    run: (wire) => {
      const numbers = "0.123456,".repeat(Math.floor(large / 9) - 10);
      const parts = [Buffer.from(`{"instances":[[${numbers}0]]}`)];
      return wire.each(60, () => post(wire, { path: predictPath, parts }));
    },
  },
];
