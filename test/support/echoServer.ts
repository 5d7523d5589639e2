import { once } from "node:events";
import http from "node:http";
import http2 from "node:http2";
import net, { type Socket } from "node:net";
// The server's packages are not those of the root, where the tests live.
import * as grpc from "../../scoring-image/node_modules/@grpc/grpc-js";
import { ConnectionAge } from "../../scoring-image/src/connections/connectionAge";
import { FrontDoor } from "../../scoring-image/src/connections/frontDoor";
import { GrpcConnections } from "../../scoring-image/src/connections/grpcConnections";

const same = (bytes: Buffer) => bytes;
const echoPath = "/test.Echo/Echo";

export interface EchoSettings {
  readonly handshakeTimeoutMs?: number;
  readonly connectionMaxAgeMs?: number;
  readonly grpcPort?: number;
  readonly maxConnections?: number;
  readonly maxConnectionsPerAddress?: number;
  readonly writeTimeoutMs?: number;
  /** Milliseconds that a gRPC call takes. */
  readonly delayMs?: number;
}

/** A front door with an HTTP server and a gRPC server behind it; both answer with what they were sent. */
export async function startEcho(settings: EchoSettings = {}) {
  const { handshakeTimeoutMs = 10_000, connectionMaxAgeMs = 0, grpcPort, delayMs = 0 } = settings;
  const {
    maxConnections = 1000,
    maxConnectionsPerAddress = 1000,
    writeTimeoutMs = 20_000,
  } = settings;
  const age = new ConnectionAge(connectionMaxAgeMs);
  const refusals: string[] = [];
  const server = http.createServer((request, response) => {
    if (age.isOver(request.socket)) response.setHeader("connection", "close");
    request.pipe(response);
  });
  const options = { grpcKeepAliveMs: 60_000, connectionMaxAgeMs, connectionMaxAgeGraceMs: 5000 };
  const connections = new GrpcConnections(options);
  const rpc = new grpc.Server(connections.options);
  let begun = 0;
  const echo: grpc.handleUnaryCall<Buffer, Buffer> = (call, answer) => {
    begun++;
    setTimeout(() => answer(null, call.request), delayMs);
  };
  rpc.register(echoPath, echo, same, same, "unary");
  const door = new FrontDoor(server, {
    host: "127.0.0.1",
    port: 0,
    grpcPort,
    ...{ handshakeTimeoutMs, writeTimeoutMs, maxConnections, maxConnectionsPerAddress },
    age,
    onRefusal: (reason) => refusals.push(reason),
    grpc: connections.receiver(rpc),
  });
  const [{ port }, second] = await door.listen();
  return {
    door,
    port,
    secondPort: second?.port ?? 0,
    /** Why connections were refused or ended, in order. */
    refusals,
    /** gRPC calls that have reached the server. */
    begun: () => begun,
    close: () => door.drain(0),
  };
}

/** A gRPC client of the echo service; `call` rejects with the status of the refusal. */
export function echoClient(port: number, credentials = grpc.credentials.createInsecure()) {
  const client = new grpc.Client(`127.0.0.1:${port}`, credentials);
  return {
    call: (text: string): Promise<string> =>
      new Promise((resolve, reject) => {
        client.makeUnaryRequest(echoPath, same, same, Buffer.from(text), (error, answer) => {
          if (error) reject(error);
          else resolve(String(answer));
        });
      }),
    close: () => client.close(),
  };
}

/** A bare HTTP/2 connection with one gRPC call on it, and the GOAWAY frames that it got: error code and last stream. */
export function rawCall(port: number) {
  const session = http2.connect(`http://127.0.0.1:${port}`);
  const announced: [code: number, lastStream: number][] = [];
  session.on("goaway", (code: number, lastStream: number) => announced.push([code, lastStream]));
  const headers = { ":method": "POST", ":path": echoPath, "content-type": "application/grpc" };
  const stream = session.request({ ...headers, te: "trailers" });
  stream.resume().end(Buffer.from([0, 0, 0, 0, 2, 104, 105]));
  return { announced, ended: once(stream, "close"), close: () => session.destroy() };
}

/** POSTs a text over a connection of its own, or the agent's. */
export function post(port: number, text: string, agent?: http.Agent): Promise<string> {
  return new Promise((resolve, reject) => {
    const call = http.request({ host: "127.0.0.1", port, method: "POST", agent }, (response) => {
      let body = "";
      response.on("data", (chunk: Buffer) => (body += chunk.toString()));
      response.on("end", () => resolve(body));
    });
    call.on("error", reject).end(text);
  });
}

/** A bare TCP connection with everything it was sent; `ended` resolves when the server closes it. */
export async function connect(port: number) {
  const socket: Socket = net.connect({ port, host: "127.0.0.1" });
  const received: Buffer[] = [];
  socket.on("data", (chunk: Buffer) => received.push(chunk));
  socket.on("error", () => undefined);
  await new Promise((resolve) => socket.once("connect", resolve));
  const ended = new Promise<string>((resolve) =>
    socket.once("close", () => resolve(Buffer.concat(received).toString("latin1"))),
  );
  return { socket, ended, received: () => Buffer.concat(received).toString("latin1") };
}
