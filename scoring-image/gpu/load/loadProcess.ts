/** The load generator's process: takes orders from its parent, one at a time, and answers each. */
import { readFileSync } from "node:fs";
import { checkAnswers } from "./answerCheck";
import { ClosedLoop } from "./closedLoop";
import { requestBytes } from "./connection";
import { openLoop } from "./openLoop";
import type { LoadOrder, LoadReply, LoadResults, Requests } from "./orders";
import { roughLoad } from "./roughLoad";

/** Share of a picture that is sent as one that cannot be decoded. */
const truncatedShare = 0.6;

/** The requests of each picture, whole or with the picture cut off. */
const requestsOf = ({ path, key, pictures }: Requests, share = 1): Buffer[] =>
  pictures.map((file) => {
    const picture = readFileSync(file);
    return requestBytes(path, key, picture.subarray(0, Math.floor(share * picture.length)));
  });

async function carryOut({ requests, load }: LoadOrder): Promise<LoadResults[keyof LoadResults]> {
  const { port, host } = requests;
  const target = { port, host };
  const good = requestsOf(requests);
  switch (load.kind) {
    case "closed":
      return new ClosedLoop(target, good).run(load.steps);
    case "open":
      return openLoop(target, good, load);
    case "rough":
      return roughLoad(target, good, requestsOf(requests, truncatedShare), load);
    case "answers":
      return checkAnswers(target, good, load);
  }
}

process.on("message", (order: LoadOrder) => {
  const before = process.cpuUsage();
  const answer = (reply: LoadReply) => process.send?.(reply);
  carryOut(order).then(
    (result) => {
      const { user, system } = process.cpuUsage(before);
      answer({ result, cpuMs: (user + system) / 1000 });
    },
    (error: unknown) => answer({ error: (error as Error).stack ?? String(error) }),
  );
});
process.on("disconnect", () => process.exit(0));
