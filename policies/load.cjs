// The SDK compiles TypeScript with a ts-node of its own, which checks types at every run; `npm run check` has done that.
require("tsx/cjs");
require("./index.ts");
