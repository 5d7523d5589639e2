import http from "node:http";
import https from "node:https";
import { once } from "node:events";
import { buffer } from "node:stream/consumers";

/** An answer as it came over the wire. */
export interface Answer {
  readonly status: number;
  readonly headers: http.IncomingHttpHeaders;
  readonly body: Buffer;
}

export interface Call {
  readonly url: string;
  readonly method?: string;
  readonly headers?: http.OutgoingHttpHeaders;
  readonly body?: Buffer | undefined;
  readonly agent?: http.Agent | undefined;
  /** Certificate of the CA to trust, PEM. */
  readonly ca?: string | undefined;
  /** After this many milliseconds the call fails with `ETIMEDOUT`. */
  readonly timeoutMs?: number;
}

/** What a call failed with: Node's error code, and whether its connection had been used before. */
export class CallError extends Error {
  constructor(
    readonly code: string,
    readonly isReused: boolean,
  ) {
    super(code);
  }
}

/**
 * One call with node:http, which costs the least of Node's clients.
 * @throws CallError when no whole answer came
 */
export async function send(call: Call): Promise<Answer> {
  const { url, method = "GET", headers = {}, body, agent, ca, timeoutMs = 10_000 } = call;
  const { request } = url.startsWith("https:") ? https : http;
  const length = body ? { "content-length": body.length } : {};
  const outgoing = request(url, {
    method,
    headers: { ...headers, ...length },
    ...(agent ? { agent } : {}),
    ...(ca === undefined ? {} : { ca }),
  });
  const timer = setTimeout(() => {
    outgoing.destroy(Object.assign(new Error(), { code: "ETIMEDOUT" }));
  }, timeoutMs);
  try {
    outgoing.end(body);
    const [incoming] = (await once(outgoing, "response")) as [http.IncomingMessage];
    return {
      status: incoming.statusCode as number,
      headers: incoming.headers,
      body: await buffer(incoming),
    };
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    throw new CallError(code ?? message, outgoing.reusedSocket);
  } finally {
    clearTimeout(timer);
  }
}

/** Status of a GET on a connection of its own; undefined when nothing answered. */
export async function get(url: string, ca?: string): Promise<number | undefined> {
  return send({ url, ca, timeoutMs: 2000, headers: { connection: "close" } }).then(
    ({ status }) => status,
    () => undefined,
  );
}
