import path from "node:path";
import * as pulumi from "@pulumi/pulumi";
import { paths } from "../scoring-image/src/contract";
import type { Settings } from "../settings/shape";
import type { ModelPackage } from "./catalogue/models";
import { contentHash } from "./contentHash";
import { keysProvider, processProvider } from "./local/providers";
import type { KeysInputs } from "./local/keysProvider";
import type { ProcessInputs } from "./local/processProvider";

/** Two generated keys, encrypted in the state. */
class LocalKeys extends pulumi.dynamic.Resource {
  declare readonly primaryKey: pulumi.Output<string>;
  declare readonly secondaryKey: pulumi.Output<string>;

  constructor(name: string, inputs: KeysInputs, opts: pulumi.CustomResourceOptions) {
    const secret = ["primaryKey", "secondaryKey"];
    super(
      keysProvider,
      name,
      { ...inputs, primaryKey: undefined, secondaryKey: undefined },
      { ...opts, additionalSecretOutputs: secret },
      "accelerated-scoring",
      "LocalKeys",
    );
  }
}

/** The server's process on this machine. */
class LocalProcess extends pulumi.dynamic.Resource {
  declare readonly url: pulumi.Output<string>;
  declare readonly grpcEndpoint: pulumi.Output<string>;
  declare readonly logFile: pulumi.Output<string>;

  constructor(
    name: string,
    inputs: { readonly [K in keyof ProcessInputs]: pulumi.Input<ProcessInputs[K] | undefined> },
    opts: pulumi.CustomResourceOptions,
  ) {
    const secret = ["primaryKey", "secondaryKey"];
    super(
      processProvider,
      name,
      { ...inputs, url: undefined, grpcEndpoint: undefined, logFile: undefined },
      { ...opts, additionalSecretOutputs: secret },
      "accelerated-scoring",
      "LocalProcess",
    );
  }
}

/** Inputs of LocalScoringService. */
export interface LocalScoringServiceArgs {
  readonly settings: Settings;
  readonly model: ModelPackage;
  /** Folder of the scoring image, whose server is run. */
  readonly imageFolder: string;
}

/** The scoring service on this machine, without Docker and without a cloud: target `local`. */
export class LocalScoringService extends pulumi.ComponentResource {
  private readonly process: LocalProcess;
  private readonly primaryKey: pulumi.Output<string> | undefined;
  private readonly secondaryKey: pulumi.Output<string> | undefined;

  constructor(
    name: string,
    { settings, model, imageFolder }: LocalScoringServiceArgs,
    opts?: pulumi.ComponentResourceOptions,
  ) {
    super("accelerated-scoring:localScoringService:LocalScoringService", name, {}, opts);
    const child = { parent: this };
    if (settings.auth === "key") {
      const generated = new LocalKeys(
        `${name}-keys`,
        {
          primaryGeneration: settings.primaryKeyGeneration,
          secondaryGeneration: settings.secondaryKeyGeneration,
        },
        child,
      );
      const { primaryKey, secondaryKey } = settings.secrets;
      this.primaryKey = pulumi.secret(primaryKey ?? generated.primaryKey);
      this.secondaryKey = pulumi.secret(secondaryKey ?? generated.secondaryKey);
    }
    this.process = new LocalProcess(
      `${name}-process`,
      {
        stack: settings.stack,
        port: settings.port,
        modelFolder: path.relative(process.cwd(), model.folder),
        modelHash: model.hash,
        serverHash: contentHash(path.join(imageFolder, "src")).hash,
        serviceName: settings.serviceName,
        auth: settings.auth,
        primaryKey: this.primaryKey,
        secondaryKey: this.secondaryKey,
        tokenIssuer: settings["token.issuer"],
        tokenAudience: settings["token.audience"],
        tokenJwksUri: settings["token.jwksUri"],
        batchSizes: settings["batch.sizes"]?.join(","),
        maxBatchDelayMs: settings["batch.maxDelayMs"],
        lanes: settings.lanes,
        decodeThreads: settings.decodeThreads,
        maxConcurrentRequestsPerReplica: settings.maxConcurrentRequestsPerReplica,
        maxQueueWaitMs: settings.maxQueueWaitMs,
        scoringTimeoutMs: settings.scoringTimeoutMs,
      },
      child,
    );
    this.registerOutputs(this.outputs(settings.serviceName));
  }

  /** What a stack exports of its service, under the names that the other targets use. */
  outputs(serviceName: string) {
    const { url, grpcEndpoint, logFile } = this.process;
    return {
      scoringUri: pulumi.interpolate`${url}${paths.serviceScore(serviceName)}`,
      swaggerUri: pulumi.interpolate`${url}${paths.serviceSwagger(serviceName)}`,
      grpcEndpoint,
      // A process that is not ready fails its creation, so that one with an address is.
      serviceState: url.apply(() => "Healthy"),
      primaryKey: this.primaryKey,
      secondaryKey: this.secondaryKey,
      logFile,
    };
  }
}
