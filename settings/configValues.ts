import * as pulumi from "@pulumi/pulumi";

/** Exported by the SDK, but left out of its typings: whether the engine decrypted the value of a key. */
const { isConfigSecret } = pulumi.runtime as unknown as {
  readonly isConfigSecret: (key: string) => boolean;
};

/** One value of the configuration. */
export interface ConfigValue {
  /** As Pulumi hands it over, JSON for lists and objects; empty when it is not set. */
  readonly text: string;
  /** Whether it is encrypted in the stack file. */
  readonly secret: boolean;
}

/**
 * The project's configuration by the keys of `definitions`. The engine reads a dotted key of Pulumi.yaml as a path and
 * hands its default over inside of an object (`autoscale`), which `pulumi config set --path` writes to as well;
 * `pulumi config set autoscale.enabled true` makes a plain key of that name, which goes first.
 */
export class ConfigValues {
  private readonly values = new Map<string, ConfigValue>();

  /** @param known the keys there are; objects are taken apart where a known key names a part of them */
  constructor(known: readonly string[], project = pulumi.getProject()) {
    const parents = new Set(known.flatMap((key) => key.split(".").slice(0, -1)));
    const plain = Object.entries(pulumi.runtime.allConfig()).flatMap(([key, text]) =>
      key.startsWith(`${project}:`)
        ? [{ name: key.slice(project.length + 1), text: text ?? "", secret: isConfigSecret(key) }]
        : [],
    );
    for (const { name, text, secret } of plain) {
      for (const [part, value] of parents.has(name) ? partsOf(text) : []) {
        this.values.set(`${name}.${part}`, { text: value, secret });
      }
    }
    for (const { name, text, secret } of plain) {
      if (!parents.has(name) || partsOf(text).length === 0) this.values.set(name, { text, secret });
    }
  }

  /** The value of a key. */
  get(key: string): ConfigValue {
    return this.values.get(key) ?? { text: "", secret: false };
  }

  /** Every key that has a value, also one that Pulumi.yaml does not declare. */
  keys(): string[] {
    return [...this.values.keys()];
  }
}

function partsOf(text: string): [string, string][] {
  try {
    const object = JSON.parse(text) as unknown;
    return typeof object === "object" && object !== null && !Array.isArray(object)
      ? Object.entries(object).map(([part, value]) => [
          part,
          typeof value === "string" ? value : JSON.stringify(value),
        ])
      : [];
  } catch {
    return [];
  }
}
