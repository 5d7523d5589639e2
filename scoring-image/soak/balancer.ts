import net, { type AddressInfo, type Socket } from "node:net";
import { once } from "node:events";
import { paths } from "../src/contract";
import { get } from "./httpClient";

interface Backend {
  readonly port: number;
  isReady: boolean;
  connections: number;
}

/** How often the servers are asked whether they are ready, in milliseconds. */
const probeEveryMs = 100;

/**
 * A TCP balancer as Kubernetes' is: new connections go to ready servers in turn, open ones stay where they are. A server that says it is
 * not ready gets no new connections.
 */
export class Balancer {
  readonly #backends: Backend[] = [];
  readonly #server: net.Server;
  readonly #timer: NodeJS.Timeout;
  #next = 0;

  private constructor() {
    this.#server = net.createServer({ allowHalfOpen: true }, (socket) => this.#accept(socket));
    this.#timer = setInterval(() => void this.#probe(), probeEveryMs);
  }

  static async open(): Promise<Balancer> {
    const balancer = new Balancer();
    balancer.#server.listen(0, "127.0.0.1");
    await once(balancer.#server, "listening");
    return balancer;
  }

  get url(): string {
    return `http://localhost:${(this.#server.address() as AddressInfo).port}`;
  }

  /** Connections given so far to the server on a port. */
  connections(port: number): number {
    return this.#backends.find((backend) => backend.port === port)?.connections ?? 0;
  }

  /** Takes a server in that is ready. */
  add(port: number): void {
    this.#backends.push({ port, isReady: true, connections: 0 });
  }

  /** Resolves when the server on this port gets no new connections any more. */
  async left(port: number): Promise<void> {
    while (this.#backends.some((backend) => backend.port === port && backend.isReady)) {
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
  }

  async #probe(): Promise<void> {
    await Promise.all(
      this.#backends.map(async (backend) => {
        const status = await get(`http://localhost:${backend.port}${paths.ready}`);
        backend.isReady = status === 200;
      }),
    );
  }

  #accept(client: Socket): void {
    const ready = this.#backends.filter(({ isReady }) => isReady);
    const backend = ready[this.#next++ % ready.length];
    if (!backend) {
      client.destroy();
      return;
    }
    backend.connections++;
    const server = net.connect({ port: backend.port, host: "127.0.0.1", allowHalfOpen: true });
    client.pipe(server).pipe(client);
    client.on("error", () => server.destroy());
    server.on("error", () => client.destroy());
    client.on("close", () => server.destroy());
    server.on("close", () => client.destroySoon());
  }

  close(): void {
    clearInterval(this.#timer);
    this.#server.close();
  }
}
