/**
 * What the image's HEALTHCHECK runs: exits with 0 when the server in the same container answers that it is alive, and with 1 otherwise.
 * Docker ends it after the HEALTHCHECK's own timeout.
 */
import http from "node:http";
import https from "node:https";
import { defaultPorts, paths, variables } from "./contract";

const { env } = process;
const host = env[variables.host] ?? "127.0.0.1";
const isTls = Boolean(env[variables.tlsCertificateFile]);

const request = (isTls ? https : http).get(
  {
    host: host === "0.0.0.0" || host === "::" ? "127.0.0.1" : host,
    port: env[variables.port] || defaultPorts.scoring,
    path: paths.live,
    // It asks itself over loopback, under a name that its certificate does not have.
    rejectUnauthorized: false,
  },
  ({ statusCode }) => process.exit(statusCode === 200 ? 0 : 1),
);
request.on("error", () => process.exit(1));
