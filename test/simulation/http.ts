import { createServer, type IncomingMessage, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import type { State } from "./state";
import { deployer, hasRole, regions, sizes } from "./subscription";

/** The addresses that the program itself asks: Azure Resource Manager, the registry, and the page with its own address. */
export class SimulatedSites {
  /** Refresh tokens that the registry has handed out; a push with any other is refused. */
  readonly tokens = new Set<string>();
  private readonly server: Server;

  constructor(private readonly state: State) {
    this.server = createServer((request, response) => {
      void bodyOf(request).then((body) => {
        const { status, headers, answer } = this.answer(request, body);
        response.writeHead(status, { "content-type": "application/json", ...headers });
        response.end(typeof answer === "string" ? answer : JSON.stringify(answer));
      });
    });
  }

  /** Starts on a free port of this machine. */
  async start(): Promise<string> {
    await new Promise<void>((resolve) => this.server.listen(0, "127.0.0.1", resolve));
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  stop(): void {
    this.server.close();
    this.server.closeAllConnections();
  }

  private answer(request: IncomingMessage, body: string): Answer {
    // The redirection puts the host that was asked into the path.
    const [, host = "", ...rest] = (request.url ?? "/").split("/");
    const path = `/${rest.join("/")}`;
    if (host === "address") return { status: 200, answer: "203.0.113.7" };
    if (host === "management.azure.com") return this.arm(request, path);
    if (host.endsWith(".azurecr.io"))
      return this.registry(request, host, path, new URLSearchParams(body));
    return { status: 404, answer: { error: `${host}${path} is not simulated` } };
  }

  private arm(request: IncomingMessage, path: string): Answer {
    if (request.headers.authorization !== "Bearer token-of-the-deployer")
      return { status: 401, answer: {} };
    const region =
      /location eq '(\w+)'/.exec(decodeURIComponent(path))?.[1] ??
      /locations\/(\w+)\//.exec(path)?.[1];
    if (!(regions as readonly (string | undefined)[]).includes(region))
      return { status: 400, answer: {} };
    if (path.includes("/skus?")) {
      return {
        status: 200,
        answer: {
          value: Object.entries(sizes)
            .filter(([, size]) => size.regions.includes(region ?? ""))
            .map(([name, { family }]) => ({
              resourceType: "virtualMachines",
              name,
              family,
              restrictions: [],
            })),
        },
      };
    }
    const families = new Set(Object.values(sizes).map(({ family }) => family));
    return {
      status: 200,
      answer: {
        value: [...families].map((family) => ({
          name: { value: family, localizedValue: family },
          currentValue: 0,
          limit: 100,
        })),
      },
    };
  }

  private registry(
    request: IncomingMessage,
    host: string,
    path: string,
    form: URLSearchParams,
  ): Answer {
    const registry = this.state
      .all("containerregistry:Registry")
      .find(({ outputs }) => outputs["loginServer"] === host);
    if (!registry) return { status: 404, answer: {} };
    if (path === "/oauth2/exchange") {
      if (form.get("access_token") !== "token-of-the-deployer") return { status: 401, answer: {} };
      const token = `refresh-token-${this.state.next()}`;
      this.tokens.add(token);
      return { status: 200, answer: { refresh_token: token } };
    }
    if (path === "/oauth2/token") {
      const known = this.tokens.has(form.get("refresh_token") ?? "");
      return known
        ? { status: 200, answer: { access_token: "may-push" } }
        : { status: 401, answer: {} };
    }
    if (request.method === "DELETE") return { status: 204, answer: "" };
    const allowed = hasRole(this.state, deployer.objectId, "acrPush", registry.id);
    return allowed
      ? { status: 202, headers: { location: `${path}upload` }, answer: "" }
      : { status: 403, answer: {} };
  }
}

interface Answer {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly answer: unknown;
}

async function bodyOf(request: IncomingMessage): Promise<string> {
  const parts: Buffer[] = [];
  for await (const part of request) parts.push(part as Buffer);
  return Buffer.concat(parts).toString("utf8");
}
