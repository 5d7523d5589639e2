import { randomUUID } from "node:crypto";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import path from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import tls, { type TLSSocket } from "node:tls";
import { paths, variables } from "../../src/contract";
import { probeDuring } from "../health";
import { send } from "../httpClient";
import { MountedSecret } from "../mountedSecret";
import { answeredOnce, check, healthAnswers, type Check, type Scenario } from "../scenario";
import { keys, type Server } from "../server";

/** The server looks at its files once a second. */
const noticedWithinMs = 5000;

const certificates = path.join(__dirname, "../../../test/fixtures/tls");
const read = (name: string) => readFileSync(path.join(certificates, name));
const pair = (name: "first" | "second") => ({
  "tls.crt": read(`${name}.crt`),
  "tls.key": read(`${name}.key`),
});

interface Secrets {
  readonly certificate: MountedSecret;
  readonly keys: MountedSecret;
}

/** Certificate and both keys are changed under load, the way Kubernetes changes mounted Secrets; clients move to a key before the other one goes. */
export const rotation: Scenario = {
  name: "certificate and key change",
  share: 0.04,
  run: async (soak, seconds) => {
    const secrets: Secrets = {
      certificate: new MountedSecret(path.join(soak.folder, "certificate"), pair("first")),
      keys: new MountedSecret(path.join(soak.folder, "keys"), keys),
    };
    const ca = Buffer.concat([read("first.crt"), read("second.crt")]).toString();
    const server = await soak.startServer({ ca, env: environment(secrets) });
    const target = { url: server.url, ca, key: keys.primary as string };
    const load = soak.client.openLoop(target, 0.4 * soak.capacity, Math.max(14, seconds));
    const health = probeDuring(server.url, load, ca);
    const checks = [
      ...(await changeCertificate(server, secrets.certificate)),
      ...(await changeKeys(server, secrets.keys, (key) => (target.key = key))),
    ];
    const result = await load;
    const code = await server.stop();
    return {
      figures: { scored: result.scored, rejected: result.rejected },
      checks: [
        ...checks,
        ...answeredOnce(result),
        check("no connection is closed or refused", result.resent + result.refused === 0, "none"),
        healthAnswers(await health),
        check("the same process serves to the end and exits with 0", code === 0, String(code)),
      ],
    };
  },
};

const environment = ({ certificate, keys: keyFiles }: Secrets) => ({
  [variables.tlsCertificateFile]: certificate.path("tls.crt"),
  [variables.tlsKeyFile]: certificate.path("tls.key"),
  [variables.primaryKey]: "",
  [variables.secondaryKey]: "",
  [variables.primaryKeyFile]: keyFiles.path("primary"),
  [variables.secondaryKeyFile]: keyFiles.path("secondary"),
});

async function changeCertificate(server: Server, secret: MountedSecret): Promise<Check[]> {
  await delay(1000);
  const held = await handshake(server);
  const before = await servedName(server);
  secret.write(pair("second"));
  await within(async () => (await servedName(server)) === "second");
  const after = await servedName(server);
  const answer = once(held, "data") as Promise<[Buffer]>;
  held.write(`GET ${paths.live} HTTP/1.1\r\nHost: localhost\r\n\r\n`);
  const [line] = String((await answer)[0]).split("\r\n");
  held.destroy();
  const names = `${before}, then ${after}`;
  return [
    check("new connections get the new certificate", names === "first, then second", names),
    check("a connection opened before goes on", line === "HTTP/1.1 200 OK", line ?? ""),
  ];
}

async function handshake({ port, ca }: Server): Promise<TLSSocket> {
  const socket = tls.connect({ port, host: "localhost", ...(ca === undefined ? {} : { ca }) });
  await once(socket, "secureConnect");
  socket.on("error", () => undefined);
  return socket;
}

/** Common name of the certificate that a new connection gets. */
async function servedName(server: Server): Promise<string> {
  const socket = await handshake(server);
  const { subject } = socket.getPeerCertificate();
  socket.destroy();
  return String(subject.CN);
}

/** First the primary key while clients hold the secondary, then the secondary while they hold the new primary. */
async function changeKeys(
  server: Server,
  secret: MountedSecret,
  use: (key: string) => void,
): Promise<Check[]> {
  const [primary, secondary] = [randomUUID(), randomUUID()];
  use(keys.secondary);
  await delay(500);
  secret.write({ primary, secondary: keys.secondary });
  const isPrimary = await within(() => accepts(server, primary));
  const afterFirst = await acceptance(server, [primary, keys.primary, keys.secondary]);
  use(primary);
  await delay(500);
  secret.write({ primary, secondary });
  const isSecondary = await within(() => accepts(server, secondary));
  const afterSecond = await acceptance(server, [primary, secondary, keys.secondary]);
  return [
    check(
      "the new primary key is accepted, the old secondary still, the old primary no more",
      isPrimary && afterFirst === "400 401 400",
      afterFirst,
    ),
    check(
      "then the new secondary key is accepted, the old one no more",
      isSecondary && afterSecond === "400 400 401",
      afterSecond,
    ),
  ];
}

/** A request without a picture: 401 with a wrong key, 400 with a right one. */
const statusWith = async ({ url, ca }: Server, key: string): Promise<number> =>
  (
    await send({
      url: `${url}${paths.score}`,
      method: "POST",
      headers: { authorization: `Bearer ${key}` },
      body: Buffer.alloc(0),
      ca,
    })
  ).status;

const accepts = async (server: Server, key: string) => (await statusWith(server, key)) === 400;

const acceptance = async (server: Server, all: readonly string[]) =>
  (await Promise.all(all.map((key) => statusWith(server, key)))).join(" ");

async function within(isSo: () => Promise<boolean>): Promise<boolean> {
  const end = performance.now() + noticedWithinMs;
  while (performance.now() < end) {
    if (await isSo()) return true;
    await delay(50);
  }
  return false;
}
