import path from "node:path";
import { z } from "zod";
import { defaultPorts } from "./contract";
import { pipelineDefinitions } from "./pipelineDefinitions";
import {
  commaSeparated,
  define,
  file,
  flag,
  issuerUrl,
  key,
  milliseconds,
  port,
  text,
  whole,
  type ValuesOf,
} from "./settingsForms";

const bundledModel = path.join(__dirname, "..", "models", "efficientnet-lite0");

/** Every setting: its default, what it means and what is allowed. The table of docs/server.md is checked against it. */
export const definitions = {
  host: define("127.0.0.1", "Address to listen on; `0.0.0.0` for all", text),
  port: define(
    String(defaultPorts.scoring),
    "Port of the scoring service; 0 takes a free one",
    port,
  ),
  grpcPort: define(
    undefined,
    "A second port; each port takes HTTP/1.1 and gRPC. None unless set; 0 takes a free one",
    port.optional(),
  ),
  metricsPort: define(
    String(defaultPorts.metrics),
    "Port of `/metrics`, on the same address; 0 takes a free one",
    port,
  ),
  serviceName: define(
    undefined,
    "NAME in `/api/v1/service/NAME/score`; the model's name unless set",
    z
      .string()
      .regex(
        /^[a-z]([-a-z0-9]{1,30}[a-z0-9])$/,
        "must be 3 to 32 lower-case letters, digits and hyphens, beginning with a letter",
      )
      .optional(),
  ),
  modelDir: define(
    bundledModel,
    "Folder with `model.onnx`, which a runtime does not need, and `model.json`; the bundled model unless set",
    text,
  ),
  versionLabels: define(
    "stable",
    "Labels of the served version in TensorFlow Serving's protocols, separated by commas",
    commaSeparated,
  ),
  tensorContent: define(
    "false",
    "`true` sends TensorFlow Serving's gRPC replies as `tensor_content` instead of `float_val`",
    flag,
  ),
  bothOutputNames: define(
    "false",
    "`true` answers outputs asked for by a graph's tensor name under the signature's key as well",
    flag,
  ),
  auth: define(
    "key",
    "`key`, `token` for tokens of `TOKEN_ISSUER`, or `none` for an open service",
    z.enum(["key", "token", "none"], "must be key, token or none"),
  ),
  primaryKey: define(
    undefined,
    "First key; required with `AUTH=key` unless started with `--local`",
    key,
  ),
  secondaryKey: define(undefined, "Second key, equally valid", key),
  primaryKeyFile: define(
    undefined,
    "File with the first key, in place of `PRIMARY_KEY`; read anew when it changes",
    file,
  ),
  secondaryKeyFile: define(undefined, "File with the second key, likewise", file),
  tokenIssuer: define(
    undefined,
    "Claim `iss` of the tokens, for Entra `https://login.microsoftonline.com/TENANT/v2.0`; required with `AUTH=token`",
    issuerUrl,
  ),
  tokenAudience: define(
    undefined,
    "Claim `aud` of the tokens, for Entra the application's id or id URI; required with `AUTH=token`",
    text.optional(),
  ),
  tokenJwksUri: define(
    undefined,
    "Where the issuer publishes its keys; looked up in its OpenID configuration unless set",
    issuerUrl,
  ),
  tlsCertificateFile: define(
    undefined,
    "Certificate followed by its issuers', PEM; with `TLS_KEY_FILE` every port but `METRICS_PORT` speaks TLS 1.2 and 1.3",
    file,
  ),
  tlsKeyFile: define(undefined, "Private key of the certificate, PEM", file),
  ...pipelineDefinitions,
  scoringTimeoutMs: define(
    "60000",
    "Longest time from a request's arrival to its answer; then 504",
    whole(1, 86_400_000),
  ),
  bodyTimeoutMs: define(
    "10000",
    "Longest time for a request's body to arrive; then 408",
    whole(1, 86_400_000),
  ),
  handshakeTimeoutMs: define(
    "10000",
    "Longest time for a new connection's TLS handshake, and then for its first byte",
    whole(1, 86_400_000),
  ),
  keepAliveTimeoutMs: define("65000", "How long an idle HTTP connection is kept", milliseconds),
  grpcKeepAliveMs: define(
    "60000",
    "Time between two pings on a gRPC connection; a load balancer must not find it idle",
    whole(1000, 86_400_000),
  ),
  connectionMaxAgeMs: define(
    "300000",
    "Age at which a client is asked to connect anew, give or take a tenth; 0 for none",
    milliseconds,
  ),
  connectionMaxAgeGraceMs: define(
    "60000",
    "How long gRPC calls may go on after that",
    milliseconds,
  ),
  maxBodyBytes: define(
    String(16 * 1024 * 1024),
    "Largest body or gRPC message in bytes; then 413 or RESOURCE_EXHAUSTED",
    whole(1, 2 ** 31 - 1),
  ),
  maxHeldBytes: define(
    "0",
    "Bytes of all callers that are held at a time: bodies and messages as they arrive, inflated ones, and what waits; more are refused with 503. 0 takes a sixth of the memory limit",
    whole(0, 2 ** 40),
  ),
  maxConnections: define(
    "24000",
    "Connections that may be open at a time; more are closed at once",
    whole(1, 1_000_000),
  ),
  maxConnectionsPerAddress: define(
    "0",
    "Connections of one address; 0 takes half of `MAX_CONNECTIONS`. Behind a front that hides its callers' addresses set it to `MAX_CONNECTIONS`",
    whole(0, 1_000_000),
  ),
  writeTimeoutMs: define(
    "10000",
    "How long a caller may leave an answer unread; then its connection, or its gRPC call, is ended",
    whole(1, 86_400_000),
  ),
  maxPixels: define(
    "25000000",
    "Largest picture in pixels; then 400, before anything is decoded",
    whole(1, 2 ** 29),
  ),
  corsOrigins: define(
    "",
    "Origins that browsers may call from, separated by commas; `*` for all; empty for none",
    text,
  ),
  preStopDelayMs: define(
    "0",
    "How long to go on accepting connections after SIGTERM, not ready",
    milliseconds,
  ),
  shutdownGraceMs: define(
    "20000",
    "Longest time for accepted requests to finish after SIGTERM",
    milliseconds,
  ),
  logLevel: define(
    "info",
    "`trace`, `debug`, `info`, `warn`, `error`, `fatal` or `silent`",
    z.enum(["trace", "debug", "info", "warn", "error", "fatal", "silent"]),
  ),
} as const;

/** Every setting as its schema reads it. */
export type Values = ValuesOf<typeof definitions>;
