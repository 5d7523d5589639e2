import type http from "node:http";
import https from "node:https";
import type { Socket } from "node:net";

/** First bytes of every HTTP/2 connection, https://www.rfc-editor.org/rfc/rfc9113#section-3.4; no HTTP/1.1 request begins so. */
const preface = Buffer.from("PRI * HTTP/2.0\r\n");

export interface ProtocolSwitchOptions {
  /** Takes over a connection whose client speaks HTTP/2, with every byte it has sent so far. */
  readonly serveGrpc: (socket: Socket) => void;
  /** Sees every connection once, after its TLS handshake and before anything is read from it. */
  readonly onConnection: (socket: Socket) => void;
  /** How long a client may take to say what it speaks; then its connection is closed. */
  readonly firstBytesTimeoutMs: number;
}

/**
 * Makes an HTTP/1.1 server share its connections with a gRPC server: the first bytes of each tell which it is for. Under TLS
 * the decrypted bytes are asked, so that a client may leave ALPN out.
 * @returns closes the connections that have not said anything yet
 */
export function shareConnections(
  server: http.Server | https.Server,
  { serveGrpc, onConnection, firstBytesTimeoutMs }: ProtocolSwitchOptions,
): () => void {
  const event = server instanceof https.Server ? "secureConnection" : "connection";
  const serveHttp = server.listeners(event) as ((this: typeof server, socket: Socket) => void)[];
  const silent = new Set<Socket>();
  server.removeAllListeners(event);
  server.on(event, (socket: Socket) => {
    onConnection(socket);
    silent.add(socket);
    const timer = setTimeout(() => socket.destroy(), firstBytesTimeoutMs);
    awaitFirstBytes(socket, (speaks) => {
      clearTimeout(timer);
      silent.delete(socket);
      if (speaks === "http2") {
        // As the HTTP server makes them, sockets stay half open; HTTP/2 would not notice for long that its client has gone.
        socket.allowHalfOpen = false;
        serveGrpc(socket);
      } else if (speaks === "http1") for (const serve of serveHttp) serve.call(server, socket);
      else socket.destroy();
    });
  });
  return () => silent.forEach((socket) => socket.destroy());
}

/** Reads until it is certain what the client speaks, and puts the bytes back before it tells. */
function awaitFirstBytes(
  socket: Socket,
  tell: (speaks: "http1" | "http2" | "nothing") => void,
): void {
  let seen = Buffer.alloc(0);
  const finish = (speaks: "http1" | "http2" | "nothing") => {
    socket.off("readable", onReadable);
    for (const event of ["end", "error", "close"]) socket.off(event, onEnd);
    if (speaks !== "nothing") socket.unshift(seen);
    tell(speaks);
  };
  const onEnd = () => finish("nothing");
  const onReadable = () => {
    const chunk = socket.read() as Buffer | null;
    if (chunk === null) return;
    seen = Buffer.concat([seen, chunk]);
    const length = Math.min(seen.length, preface.length);
    const isPreface = seen.subarray(0, length).equals(preface.subarray(0, length));
    if (isPreface && length < preface.length) return;
    finish(isPreface ? "http2" : "http1");
  };
  socket.on("readable", onReadable);
  for (const event of ["end", "error", "close"]) socket.on(event, onEnd);
}
