import { createHash, generateKeyPairSync, randomBytes, randomInt } from "node:crypto";
import { existsSync } from "node:fs";
import type { Before, Created, SimulatedProvider, Subject } from "./provider";
import type { Problem } from "./schema";
import { Refusal, type Properties, type State } from "./state";

function missing(inputs: Properties, required: readonly string[]): Problem[] {
  return required
    .filter((name) => inputs[name] === undefined)
    .map((name) => ({ path: name, reason: "is required" }));
}

/** Resources that exist in the stack's state alone. */
abstract class InState implements SimulatedProvider {
  constructor(protected readonly state: State) {}

  abstract create(subject: Subject, inputs: Properties): Created;
  abstract immutable(type: string): readonly string[];
  abstract check(
    subject: Subject,
    inputs: Properties,
  ): { readonly inputs: Properties; readonly problems: readonly Problem[] };

  read(_subject: Subject, _id: string, known: Properties): Properties | undefined {
    return known;
  }

  update(_subject: Subject, _id: string, inputs: Properties, before: Before): Properties {
    return { ...before.outputs, ...inputs };
  }

  delete(): void {
    // Nothing exists outside of the state.
  }
}

/** Pulumi's random: texts of the asked-for length and letters. */
export class SimulatedRandom extends InState {
  /** Every password that was made, to look for them where they must not be. */
  readonly passwords: string[] = [];

  override check(_subject: Subject, inputs: Properties) {
    return { inputs, problems: missing(inputs, ["length"]) };
  }

  override immutable(): readonly string[] {
    return [
      "length",
      "special",
      "upper",
      "lower",
      "number",
      "numeric",
      "keepers",
      "overrideSpecial",
    ];
  }

  override create({ type }: Subject, inputs: Properties): Created {
    const letters = [
      "abcdefghijklmnopqrstuvwxyz0123456789",
      inputs["upper"] === false ? "" : "ABCDEFGHIJKLMNOPQRSTUVWXYZ",
      inputs["special"] === false ? "" : "!@#$%&*()-_=+",
    ].join("");
    const result = Array.from(
      { length: Number(inputs["length"]) },
      () => letters[randomInt(letters.length)],
    ).join("");
    if (type.endsWith(":RandomPassword")) this.passwords.push(result);
    return { id: `random-${this.state.next()}`, outputs: { ...inputs, result } };
  }
}

/** Pulumi's tls: real private keys; certificates are random bytes in PEM, since nothing here reads them. */
export class SimulatedTls extends InState {
  override check({ type }: Subject, inputs: Properties) {
    const required = {
      "tls:index/privateKey:PrivateKey": ["algorithm"],
      "tls:index/certRequest:CertRequest": ["privateKeyPem"],
      "tls:index/selfSignedCert:SelfSignedCert": [
        "privateKeyPem",
        "allowedUses",
        "validityPeriodHours",
      ],
      "tls:index/locallySignedCert:LocallySignedCert": [
        "caCertPem",
        "caPrivateKeyPem",
        "certRequestPem",
        "allowedUses",
        "validityPeriodHours",
      ],
    }[type];
    if (!required) throw new Refusal(`the simulation does not know ${type}`);
    return { inputs, problems: missing(inputs, required) };
  }

  override immutable(): readonly string[] {
    return [
      "algorithm",
      "ecdsaCurve",
      "privateKeyPem",
      "dnsNames",
      "subject",
      "allowedUses",
      "validityPeriodHours",
      "caCertPem",
      "caPrivateKeyPem",
      "certRequestPem",
    ];
  }

  override create({ type }: Subject, inputs: Properties): Created {
    const pem = (what: string) =>
      `-----BEGIN ${what}-----\n${randomBytes(96).toString("base64")}\n-----END ${what}-----\n`;
    const made: Properties = type.endsWith(":PrivateKey")
      ? {
          privateKeyPem: generateKeyPairSync("ec", {
            namedCurve: "P-256",
            publicKeyEncoding: { type: "spki", format: "pem" },
            privateKeyEncoding: { type: "sec1", format: "pem" },
          }).privateKey,
        }
      : type.endsWith(":CertRequest")
        ? { certRequestPem: pem("CERTIFICATE REQUEST") }
        : { certPem: pem("CERTIFICATE"), readyForRenewal: false };
    return { id: `tls-${this.state.next()}`, outputs: { ...inputs, ...made } };
  }
}

interface Build {
  readonly context?: string;
  readonly dockerfile?: string;
  readonly target?: string;
  readonly args?: Properties;
}

/** Pulumi's docker: checks what a build and a push need, and builds nothing. */
export class SimulatedDocker extends InState {
  constructor(
    state: State,
    /** Tokens that the registry has handed out. */
    private readonly tokens: ReadonlySet<string>,
  ) {
    super(state);
  }

  override check({ type }: Subject, inputs: Properties) {
    if (type !== "docker:index/image:Image")
      throw new Refusal(`the simulation does not know ${type}`);
    return { inputs, problems: missing(inputs, ["imageName"]) };
  }

  override immutable(): readonly string[] {
    return [];
  }

  override create({ type }: Subject, inputs: Properties): Created {
    const outputs = { ...inputs, ...this.push(inputs) };
    // It stays in the registry when its resource is updated or deleted (pulumi-docker issue 588).
    this.state.put({ type, id: `pushed ${outputs.repoDigest}`, inputs: {}, outputs });
    return { id: outputs.repoDigest, outputs };
  }

  override update(subject: Subject, _id: string, inputs: Properties): Properties {
    return this.create(subject, inputs).outputs;
  }

  private push(inputs: Properties): { readonly repoDigest: string } {
    const { context, dockerfile, target, args } = (inputs["build"] ?? {}) as Build;
    const { server, password } = (inputs["registry"] ?? {}) as {
      readonly server?: string;
      readonly password?: string;
    };
    const imageName = String(inputs["imageName"]);
    for (const file of [context, dockerfile]) {
      if (file !== undefined && !existsSync(file))
        throw new Refusal(`unable to prepare context: path "${file}" not found`);
    }
    if (
      !this.state
        .all("containerregistry:Registry")
        .some(({ outputs }) => outputs["loginServer"] === server)
    ) {
      throw new Refusal(`error pushing image: no such host ${String(server)}`);
    }
    if (!this.tokens.has(String(password)))
      throw new Refusal("error pushing image: unauthorized: authentication required");
    const content = createHash("sha256")
      .update(JSON.stringify({ imageName, target, args }))
      .digest("hex");
    return { repoDigest: `${imageName.slice(0, imageName.lastIndexOf(":"))}@sha256:${content}` };
  }
}
