import assert from "node:assert/strict";
import { once } from "node:events";
import http2 from "node:http2";
import https from "node:https";
import net from "node:net";
import { setTimeout as delay } from "node:timers/promises";
import tls from "node:tls";
import { certificate, pair, tlsSecret } from "../../support/certificates";
import type { MountedSecret } from "../../../scoring-image/soak/mountedSecret";
import { plainJpeg } from "../../support/pictures";
import { killProcesses, startProcess, type ServerProcess } from "../../support/serverProcess";
import { colourClassifier } from "../../support/tinyModel";

const key = "key-of-the-tls-tests";
const ca = [certificate("first"), certificate("second")];

interface TlsServer {
  readonly process: ServerProcess;
  readonly port: number;
  readonly secret: MountedSecret;
}

async function start(env: Record<string, string> = {}): Promise<TlsServer> {
  const secret = tlsSecret("first");
  const process = startProcess({
    PORT: "0",
    METRICS_PORT: "0",
    PRIMARY_KEY: key,
    LANES: "1",
    MODEL_DIR: colourClassifier("logits"),
    TLS_CERTIFICATE_FILE: secret.path("tls.crt"),
    TLS_KEY_FILE: secret.path("tls.key"),
    ...env,
  });
  const url = new URL(await process.url);
  assert.equal(url.protocol, "https:");
  return { process, port: Number(url.port), secret };
}

/** A finished handshake, or a rejection with the alert. */
async function handshake(
  port: number,
  options: tls.ConnectionOptions = {},
): Promise<tls.TLSSocket> {
  const socket = tls.connect({ port, host: "127.0.0.1", ca, ...options });
  await once(socket, "secureConnect");
  return socket;
}

async function servedName(port: number): Promise<string> {
  const socket = await handshake(port);
  const { subject } = socket.getPeerCertificate();
  socket.destroy();
  return String(subject.CN);
}

/** Scores a picture; the status, and the connection it went over. */
function score(port: number, agent?: https.Agent): Promise<[status: number, socket: net.Socket]> {
  return new Promise((resolve, reject) => {
    const options = {
      host: "127.0.0.1",
      port,
      path: "/score",
      method: "POST",
      ca,
      agent,
      headers: { authorization: `Bearer ${key}` },
    };
    const call = https.request(options, (response) => {
      const { socket } = response;
      response.resume().on("end", () => resolve([response.statusCode ?? 0, socket]));
    });
    call.on("error", reject).end(plainJpeg([9, 9, 200]));
  });
}

/** Waits until the server's log has a line that matches. */
async function logged({ process }: TlsServer, line: RegExp): Promise<void> {
  while (!line.test(process.output())) await delay(20);
}

describe("security/tls", () => {
  describe("of one server", () => {
    let server: TlsServer;
    before(async () => (server = await start({ HANDSHAKE_TIMEOUT_MS: "1500", GRPC_PORT: "0" })));
    after(killProcesses);

    it("scores over HTTPS", async () => assert.equal((await score(server.port))[0], 200));

    const offers: [offered: string[] | undefined, chosen: string | false][] = [
      [["h2"], "h2"],
      [["http/1.1"], "http/1.1"],
      [["h2", "http/1.1"], "http/1.1"],
      [undefined, false],
    ];
    for (const [ALPNProtocols, chosen] of offers) {
      it(`chooses ${chosen} of ${JSON.stringify(ALPNProtocols)}`, async () => {
        const socket = await handshake(server.port, { ...(ALPNProtocols && { ALPNProtocols }) });
        assert.equal(socket.alpnProtocol, chosen);
        socket.destroy();
      });
    }

    it("speaks HTTP/2 to clients that offer nothing else", async () => {
      const session = http2.connect(`https://127.0.0.1:${server.port}`, { ca });
      const [settings] = (await once(session, "remoteSettings")) as [http2.Settings];
      assert.equal(typeof settings.maxFrameSize, "number");
      session.destroy();
    });

    it("serves TLS 1.2 and 1.3 and nothing older", async () => {
      for (const version of ["TLSv1.2", "TLSv1.3"] as const) {
        const options = { minVersion: version, maxVersion: version };
        const socket = await handshake(server.port, options);
        assert.equal(socket.getProtocol(), version);
        socket.destroy();
      }
      const old = { minVersion: "TLSv1.1", maxVersion: "TLSv1.1", ciphers: "ALL:@SECLEVEL=0" };
      await assert.rejects(handshake(server.port, old as tls.ConnectionOptions), {
        code: "ERR_SSL_TLSV1_ALERT_PROTOCOL_VERSION",
      });
    });

    it("closes a connection that never finishes its handshake, or says nothing after it", async () => {
      const silent = net.connect(server.port, "127.0.0.1").resume();
      const quiet = await handshake(server.port);
      await Promise.all([once(silent, "close"), once(quiet.resume(), "close")]);
      assert.equal((await score(server.port))[0], 200);
    });

    it("does not answer clear text", async () => {
      await assert.rejects(fetch(`http://127.0.0.1:${server.port}/`));
      assert.equal((await score(server.port))[0], 200);
    });
  });

  describe("while the certificate changes", () => {
    let server: TlsServer;
    before(async () => (server = await start()));
    after(killProcesses);

    it("serves the new one to new connections and keeps the open ones", async () => {
      const agent = new https.Agent({ keepAlive: true, maxSockets: 1 });
      const [, before] = await score(server.port, agent);
      assert.equal(await servedName(server.port), "first");
      server.secret.write(pair("second"));
      await logged(server, /"notAfter":"2126[^\n]*"msg":"serving a new certificate"/);
      assert.equal(await servedName(server.port), "second");
      const [status, after] = await score(server.port, agent);
      assert.deepEqual([status, after === before], [200, true]);
      agent.destroy();
    });

    it("keeps the old one when the new key is another certificate's, and takes the next that is right", async () => {
      server.secret.write(pair("first", "second"));
      await logged(server, /it is not the key of the certificate[^\n]*the old one is kept/);
      assert.equal(await servedName(server.port), "second");
      server.secret.write({ "tls.crt": "no PEM", "tls.key": "no PEM" });
      await logged(server, /it is not a certificate in PEM[^\n]*the old one is kept/);
      assert.equal(await servedName(server.port), "second");
      server.secret.write(pair("first"));
      while ((await servedName(server.port)) !== "first") await delay(50);
      assert.doesNotMatch(server.process.output(), /PRIVATE KEY/);
    });
  });

  const refused: [what: string, env: Record<string, string>, line: RegExp][] = [
    [
      "a file that is not there",
      { TLS_KEY_FILE: "/nowhere.key" },
      /^TLS_KEY_FILE is "\/nowhere\.key": it cannot be read \(ENOENT\)\n$/,
    ],
    [
      "no certificate",
      { TLS_CERTIFICATE_FILE: __filename },
      /^TLS_CERTIFICATE_FILE is "\S+": it is not a certificate in PEM\n$/,
    ],
    [
      "no key",
      { TLS_KEY_FILE: __filename },
      /^TLS_KEY_FILE is "\S+": it is not a private key in PEM\n$/,
    ],
    [
      "another's key",
      { TLS_KEY_FILE: tlsSecret("second").path("tls.key") },
      /^TLS_KEY_FILE is "\S+": it is not the key of the certificate in \S+\n$/,
    ],
  ];
  for (const [what, env, line] of refused) {
    it(`does not start with ${what}`, async () => {
      const secret = tlsSecret("first");
      const server = startProcess({
        PORT: "0",
        PRIMARY_KEY: key,
        LOG_LEVEL: "silent",
        TLS_CERTIFICATE_FILE: secret.path("tls.crt"),
        TLS_KEY_FILE: secret.path("tls.key"),
        ...env,
      });
      const [code] = await server.ended;
      assert.equal(code, 1);
      assert.match(server.output(), line);
    });
  }
});
