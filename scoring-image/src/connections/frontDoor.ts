import { once } from "node:events";
import type http from "node:http";
import type https from "node:https";
import net, { type AddressInfo, type Socket } from "node:net";
import type { ConnectionAge } from "./connectionAge";
import {
  ConnectionBounds,
  type ConnectionLimits,
  type ConnectionRefusal,
} from "./connectionBounds";
import { shareConnections } from "./protocolSwitch";
import { UnreadAnswers } from "./unreadAnswers";

/** How long a kept-alive connection may still bring a request that was on its way when the door closed. */
const idleGraceMs = 1000;

/** TCP's own keepalive shows the Azure load balancer traffic, which drops connections that were idle for four minutes. */
export const tcpOptions = { noDelay: true, keepAlive: true, keepAliveInitialDelay: 60_000 };

/** The gRPC server behind the door; it opens no port of its own. */
export interface GrpcReceiver {
  /** Takes over a connection. */
  readonly inject: (socket: Socket) => void;
  /** Asks every client to go to another server; calls that have begun go on. */
  readonly drain: () => void;
}

export interface FrontDoorOptions extends ConnectionLimits {
  readonly host: string;
  readonly port: number;
  /** A second port, equal in all to the first; undefined for none. */
  readonly grpcPort: number | undefined;
  /** Bounds the TLS handshake, and again the time until the first byte after it. */
  readonly handshakeTimeoutMs: number;
  /** How long a client may leave an answer unread. */
  readonly writeTimeoutMs: number;
  readonly age: ConnectionAge;
  readonly grpc: GrpcReceiver;
  /** Told of each connection that is closed at once, or ended for its unread answers. */
  readonly onRefusal: (reason: ConnectionRefusal) => void;
}

/**
 * The ports of the service. HTTP/1.1 and gRPC share each, because the reference system's clients call one address for both.
 * The HTTP server accepts the connections, so that its own bounds on slow clients hold for them.
 */
export class FrontDoor {
  readonly #listeners: [listener: net.Server, port: number][];
  readonly #sockets = new Set<Socket>();
  readonly #closeSilent: () => void;
  readonly #bounds: ConnectionBounds;
  readonly #unread: UnreadAnswers;

  constructor(
    private readonly server: http.Server | https.Server,
    private readonly options: FrontDoorOptions,
  ) {
    const { port, grpcPort, age, grpc, handshakeTimeoutMs, writeTimeoutMs, onRefusal } = options;
    this.#bounds = new ConnectionBounds(options);
    this.#unread = new UnreadAnswers(writeTimeoutMs, () => onRefusal("unread"));
    this.#closeSilent = shareConnections(server, {
      serveGrpc: grpc.inject,
      onConnection: (socket) => {
        age.begin(socket);
        this.#unread.watch(socket);
      },
      firstBytesTimeoutMs: handshakeTimeoutMs,
    });
    this.#admitFirst(onRefusal);
    this.#listeners = [[server, port]];
    if (grpcPort !== undefined) {
      const forward = (socket: Socket) => server.emit("connection", socket);
      const second = net.createServer({ ...tcpOptions, allowHalfOpen: true }, forward);
      this.#listeners.push([second, grpcPort]);
    }
  }

  /** What the server itself does with a connection comes after its admission. */
  #admitFirst(onRefusal: FrontDoorOptions["onRefusal"]): void {
    const { server } = this;
    const serve = server.listeners("connection") as ((socket: Socket) => void)[];
    server.removeAllListeners("connection");
    server.on("connection", (socket: Socket) => {
      const refusal = this.#bounds.admit(socket);
      if (refusal) return onRefusal(refusal);
      this.#sockets.add(socket);
      socket.once("close", () => this.#sockets.delete(socket));
      for (const each of serve) each.call(server, socket);
    });
  }

  /** Open connections. */
  get connections(): number {
    return this.#bounds.count;
  }

  /**
   * @returns the addresses of the first and, if it was asked for, the second port
   * @throws Node's EADDRINUSE and the like
   */
  async listen(): Promise<readonly [AddressInfo, AddressInfo?]> {
    const { host } = this.options;
    for (const [listener, port] of this.#listeners) {
      listener.listen({ host, port });
      await once(listener, "listening");
    }
    const addresses = this.#listeners.map(([listener]) => listener.address() as AddressInfo);
    return addresses as [AddressInfo, AddressInfo?];
  }

  /**
   * Stops accepting connections and waits for the open ones. HTTP answers carry `Connection: close` meanwhile; connections that
   * stay idle are closed after a second, and not at once, because a request may already be under way on them.
   * @returns true when all connections ended by themselves, false when `graceMs` cut them off
   */
  async drain(graceMs: number): Promise<boolean> {
    const open = this.#listeners.map(([listener]) => listener).filter((it) => it.listening);
    const closed = Promise.all(open.map((listener) => once(listener, "close"))).then(() => true);
    // http.Server's own close() also cuts idle connections off at once, with requests that are on their way.
    for (const listener of open) net.Server.prototype.close.call(listener);
    this.options.grpc.drain();
    const idle = setInterval(() => {
      this.server.closeIdleConnections();
      this.#closeSilent();
    }, idleGraceMs);
    let timer: NodeJS.Timeout | undefined;
    const expired = new Promise<boolean>((resolve) => {
      timer = setTimeout(() => resolve(false), graceMs);
    });
    const isComplete = await Promise.race([closed, expired]);
    clearInterval(idle);
    clearTimeout(timer);
    this.#unread.close();
    for (const socket of this.#sockets) socket.destroy();
    return isComplete;
  }
}
