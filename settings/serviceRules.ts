import type { Values } from "./definitions";
import { problem, type Findings } from "./problems";

/** Rules on the scoring service that need no knowledge of the nodes. */
export function serviceRules(values: Values): Findings {
  return {
    problems: [
      ...autoscaleProblems(values),
      ...limitProblems(values),
      ...keyProblems(values),
      ...tokenProblems(values),
      ...tlsProblems(values),
    ],
    notices: [
      ...(values.auth === "none"
        ? ["auth is none: whoever reaches the service may score, no key is asked for."]
        : []),
      ...(clearText(values)
        ? ["tls.mode is none on a public address: pictures, answers and keys travel in clear text."]
        : []),
    ],
  };
}

const clearText = (values: Values) =>
  values["tls.mode"] === "none" && values.loadBalancer === "public";

function autoscaleProblems(values: Values): string[] {
  if (!values["autoscale.enabled"]) return [];
  const { accelerator } = values;
  const min = values["autoscale.minReplicas"];
  const max = values["autoscale.maxReplicas"];
  const found: string[] = [];
  if (accelerator !== "cpu") {
    found.push(
      problem(
        "autoscale.enabled",
        true,
        `a ${accelerator} service is not scaled by its CPU, and the metric of requests in flight does not exist yet; set replicas`,
        "autoscale.enabled false",
      ),
    );
  }
  if (min > max) {
    found.push(
      problem(
        "autoscale.minReplicas",
        min,
        `it must not exceed autoscale.maxReplicas, ${max}`,
        `autoscale.minReplicas ${max}`,
      ),
    );
  }
  return found;
}

function limitProblems({ cpuCores, cpuCoresLimit, memoryGb, memoryGbLimit }: Values): string[] {
  const found: string[] = [];
  if (cpuCoresLimit !== undefined && cpuCoresLimit < cpuCores) {
    found.push(
      problem(
        "cpuCoresLimit",
        String(cpuCoresLimit),
        `it must not be less than cpuCores, ${cpuCores}`,
        `cpuCoresLimit ${cpuCores}`,
      ),
    );
  }
  if (memoryGbLimit !== undefined && memoryGbLimit < memoryGb) {
    found.push(
      problem(
        "memoryGbLimit",
        String(memoryGbLimit),
        `it must not be less than memoryGb, ${memoryGb}`,
        `memoryGbLimit ${memoryGb}`,
      ),
    );
  }
  return found;
}

function keyProblems({ auth, primaryKey, secondaryKey }: Values): string[] {
  if (auth === "key") return [];
  return Object.entries({ primaryKey, secondaryKey })
    .filter(([, value]) => value !== undefined)
    .map(
      ([key]) =>
        `${key} is set, but auth is ${auth}: no key is asked for. Mend it with: pulumi config rm ${key}`,
    );
}

function tokenProblems(values: Values): string[] {
  const settings = ["token.issuer", "token.audience", "token.jwksUri"] as const;
  if (values.auth !== "token") {
    return settings
      .filter((key) => values[key] !== undefined)
      .map(
        (key) =>
          `${key} is set, but auth is ${values.auth}: no token is asked for. Mend it with: pulumi config rm ${key}`,
      );
  }
  const examples = {
    "token.issuer": "https://login.microsoftonline.com/TENANT/v2.0",
    "token.audience": "api://APPLICATION-ID",
  };
  return (["token.issuer", "token.audience"] as const)
    .filter((key) => values[key] === undefined)
    .map((key) =>
      problem(
        key,
        undefined,
        "auth token needs token.issuer and token.audience",
        `${key} ${examples[key]}`,
      ),
    );
}

function tlsProblems(values: Values): string[] {
  const mode = values["tls.mode"];
  const { target, loadBalancer, allowClearText, dnsLabel } = values;
  const labelled = target === "azure" && loadBalancer === "public";
  const found: string[] = [];
  if (clearText(values) && !allowClearText) {
    found.push(
      problem(
        "tls.mode",
        "none",
        "clear text on a public address must be asked for by allowClearText",
        "tls.mode generated",
      ),
    );
  }
  if (mode === "own") {
    for (const key of ["tls.certificate", "tls.key", "tls.host"] as const) {
      if (values[key] !== undefined) continue;
      const secret = key === "tls.key" ? "--secret " : "";
      const value = {
        "tls.certificate": '"$(cat tls.crt)"',
        "tls.key": '"$(cat tls.key)"',
        "tls.host": "score.example.com",
      }[key];
      found.push(
        problem(
          key,
          undefined,
          "tls.mode own needs tls.certificate, tls.key and tls.host, all three",
          `${secret}${key} ${value}`,
        ),
      );
    }
  } else if (mode === "generated" && !labelled && values["tls.host"] === undefined) {
    found.push(
      problem(
        "tls.host",
        undefined,
        "only a public address on Azure has a DNS label; elsewhere the certificate needs the host name that clients will use",
        "tls.host score.example.com",
      ),
    );
  }
  if (dnsLabel !== undefined && !labelled) {
    found.push(
      problem(
        "dnsLabel",
        dnsLabel,
        "only a public address on Azure has a DNS label",
        'dnsLabel ""',
      ),
    );
  }
  return found;
}
