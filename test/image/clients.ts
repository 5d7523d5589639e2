import http from "node:http";
import { key, url } from "./container";

export interface Tally {
  answered: number;
  /** Answered with something else than 200. */
  refused: number;
  /** Sent over an open connection and never answered. */
  lost: number;
}

/** One picture over a kept connection. */
function send(
  agent: http.Agent,
  picture: Buffer,
): Promise<"answered" | "refused" | "lost" | "closed"> {
  return new Promise((resolve) => {
    const headers = { authorization: `Bearer ${key}`, "content-length": picture.length };
    const request = http.request(`${url}/score`, { method: "POST", agent, headers }, (response) => {
      response.resume();
      response.on("end", () => resolve(response.statusCode === 200 ? "answered" : "refused"));
      response.on("error", () => resolve("lost"));
    });
    request.on("error", ({ code }: NodeJS.ErrnoException) => {
      // A kept connection that the server closes while the client writes was never accepted as a request.
      resolve(code === "ECONNREFUSED" || request.reusedSocket ? "closed" : "lost");
    });
    request.end(picture);
  });
}

/** Closed-loop clients until the time is up or the server has gone. */
export async function load(clients: number, milliseconds: number, picture: Buffer): Promise<Tally> {
  const tally: Tally = { answered: 0, refused: 0, lost: 0 };
  const until = performance.now() + milliseconds;
  const client = async () => {
    const agent = new http.Agent({ keepAlive: true, maxSockets: 1 });
    while (performance.now() < until) {
      const outcome = await send(agent, picture);
      if (outcome === "closed") break;
      tally[outcome]++;
    }
    agent.destroy();
  };
  await Promise.all(Array.from({ length: clients }, client));
  return tally;
}
