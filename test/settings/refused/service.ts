import type { RefusedSettings } from "./refusedSettings";

/** Scaling, limits, keys, tokens, addresses and certificates. */
export const service: readonly RefusedSettings[] = [
  {
    title: "an autoscaled GPU service",
    stack: "eastus",
    overrides: { "autoscale.enabled": true, "autoscale.maxReplicas": 3 },
    lines: [
      "autoscale.enabled is true: a gpu service is not scaled by its CPU, and the metric of requests in flight does not exist yet; set replicas. Mend it with: pulumi config set autoscale.enabled false",
    ],
  },
  {
    title: "an autoscaler's fewest replicas over its most",
    stack: "westus2",
    overrides: { "autoscale.minReplicas": 4 },
    lines: [
      "autoscale.minReplicas is 4: it must not exceed autoscale.maxReplicas, 3. Mend it with: pulumi config set autoscale.minReplicas 3",
    ],
  },
  {
    title: "a limit below the cores asked for",
    stack: "eastus",
    overrides: { cpuCores: "2", cpuCoresLimit: "1" },
    lines: [
      'cpuCoresLimit is "1": it must not be less than cpuCores, 2. Mend it with: pulumi config set cpuCoresLimit 2',
    ],
  },
  {
    title: "a limit below the memory asked for",
    stack: "eastus",
    overrides: { memoryGb: "4", memoryGbLimit: "1" },
    lines: [
      'memoryGbLimit is "1": it must not be less than memoryGb, 4. Mend it with: pulumi config set memoryGbLimit 4',
    ],
  },
  {
    title: "keys of tokens that are fetched in clear text",
    stack: "eastus",
    overrides: { auth: "token", "token.jwksUri": "http://example.com/keys" },
    lines: [
      'token.jwksUri is "http://example.com/keys": it must be empty or an https:// address. Mend it with: pulumi config set token.jwksUri https://login.microsoftonline.com/TENANT/discovery/v2.0/keys',
    ],
  },
  {
    title: "tokens without an issuer",
    stack: "eastus",
    overrides: { auth: "token", "token.audience": "api://scoring" },
    lines: [
      "token.issuer is not set: auth token needs token.issuer and token.audience. Mend it with: pulumi config set token.issuer https://login.microsoftonline.com/TENANT/v2.0",
    ],
  },
  {
    title: "an issuer of tokens that nobody is asked for",
    stack: "eastus",
    overrides: { "token.issuer": "https://login.microsoftonline.com/TENANT/v2.0" },
    lines: [
      "token.issuer is set, but auth is key: no token is asked for. Mend it with: pulumi config rm token.issuer",
    ],
  },
  {
    title: "clear text on a public address",
    stack: "eastus",
    overrides: { "tls.mode": "none" },
    lines: [
      'tls.mode is "none": clear text on a public address must be asked for by allowClearText. Mend it with: pulumi config set tls.mode generated',
    ],
  },
  {
    title: "an own certificate without anything",
    stack: "eastus",
    overrides: { "tls.mode": "own" },
    lines: [
      'tls.certificate is not set: tls.mode own needs tls.certificate, tls.key and tls.host, all three. Mend it with: pulumi config set tls.certificate "$(cat tls.crt)"',
      'tls.key is not set: tls.mode own needs tls.certificate, tls.key and tls.host, all three. Mend it with: pulumi config set --secret tls.key "$(cat tls.key)"',
      "tls.host is not set: tls.mode own needs tls.certificate, tls.key and tls.host, all three. Mend it with: pulumi config set tls.host score.example.com",
    ],
  },
  {
    title: "a generated certificate without a host name",
    stack: "edge",
    overrides: { "tls.host": "" },
    lines: [
      "tls.host is not set: only a public address on Azure has a DNS label; elsewhere the certificate needs the host name that clients will use. Mend it with: pulumi config set tls.host score.example.com",
    ],
  },
  {
    title: "a DNS label on an internal address",
    stack: "edge",
    overrides: { dnsLabel: "scoring" },
    lines: [
      'dnsLabel is "scoring": only a public address on Azure has a DNS label. Mend it with: pulumi config set dnsLabel ""',
    ],
  },
];
