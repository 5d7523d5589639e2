import * as pulumi from "@pulumi/pulumi";
import { RandomPassword } from "@pulumi/random";

/** Inputs of ServiceKeys. */
export interface ServiceKeysArgs {
  /** A key of the user's; generated unless set. */
  readonly primaryKey: pulumi.Output<string> | undefined;
  readonly secondaryKey: pulumi.Output<string> | undefined;
  /** Counting it up generates another key. */
  readonly primaryKeyGeneration: number;
  readonly secondaryKeyGeneration: number;
}

/** The service's two keys, apart from the service: they outlive its replacement. */
export class ServiceKeys extends pulumi.ComponentResource {
  readonly primaryKey: pulumi.Output<string>;
  readonly secondaryKey: pulumi.Output<string>;

  constructor(name: string, args: ServiceKeysArgs, opts?: pulumi.ComponentResourceOptions) {
    super("accelerated-scoring:serviceKeys:ServiceKeys", name, {}, opts);
    // Generated even where a key is set, so that unsetting it brings the old one back.
    const generate = (role: string, generation: number) =>
      new RandomPassword(
        `${name}-${role}`,
        { length: 32, special: false, keepers: { generation: String(generation) } },
        { parent: this },
      ).result;
    const primary = generate("primary", args.primaryKeyGeneration);
    const secondary = generate("secondary", args.secondaryKeyGeneration);
    this.primaryKey = pulumi.secret(args.primaryKey ?? primary);
    this.secondaryKey = pulumi.secret(args.secondaryKey ?? secondary);
    this.registerOutputs({ primaryKey: this.primaryKey, secondaryKey: this.secondaryKey });
  }
}
