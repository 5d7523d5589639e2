import { TaskRun } from "@pulumi/azure-native/containerregistry";
import { getClientToken } from "@pulumi/azure-native/authorization";
import { Image } from "@pulumi/docker/image";
import * as pulumi from "@pulumi/pulumi";
import { createHash } from "node:crypto";
import type { Settings } from "../settings/shape";
import { servedModel, type DeployedModel } from "./catalogue/modelSources";
import type { Foundation } from "./foundation";
import type { Registry } from "./registry";
import { pushToken, tokenUserName } from "./registryToken";

/** Inputs of a ScoringImage. */
export interface ScoringImageArgs {
  readonly foundation: Foundation;
  readonly registry: Registry;
  readonly tenantId: pulumi.Output<string>;
  /** `docker` builds on this machine, `acr` in a task of the registry from `source`. */
  readonly build: "docker" | "acr";
  /** Docker context: the folder `scoring-image`. */
  readonly contextFolder: string;
  /** SHA-256 of the context, in hexadecimal: the tag is made of it, so the same content is never built twice. */
  readonly contextHash: string;
  /** Git address of the context for `acr`. */
  readonly source: string | undefined;
  /** Which runtime libraries the image has. */
  readonly variant: "cpu" | "cuda";
  readonly bases: BaseImages;
  readonly model: DeployedModel;
  /** Name of the model in `scoring-image/models`. */
  readonly modelName: string;
  readonly description: string;
}

/** Images that the scoring image is made from, by the Dockerfile's build arguments. */
export interface BaseImages {
  readonly NODE_IMAGE: string;
  readonly CPU_BASE_IMAGE: string;
  readonly CUDA_BASE_IMAGE: string;
}

/** The base images that the settings name. */
export const basesOf = (
  settings: Pick<Settings, "image.nodeBase" | "image.cpuBase" | "image.cudaBase">,
): BaseImages => ({
  NODE_IMAGE: settings["image.nodeBase"],
  CPU_BASE_IMAGE: settings["image.cpuBase"],
  CUDA_BASE_IMAGE: settings["image.cudaBase"],
});

const repository = "scoring-image";
const platform = "linux/amd64";

/** The container image of the server with its model, in the registry; `pulumi destroy` leaves it there (pulumi-docker #588). */
export class ScoringImage extends pulumi.ComponentResource {
  /** What the service deploys: the repository with the digest. */
  readonly imageRef: pulumi.Output<string>;
  readonly imageDigest: pulumi.Output<string>;
  /** Run of the ACR task; undefined for `docker`. */
  readonly runId: pulumi.Output<string | undefined>;
  /** Where the ACR task's log is; undefined for `docker`. */
  readonly logAddress: pulumi.Output<string | undefined>;

  constructor(name: string, args: ScoringImageArgs, opts?: pulumi.ComponentResourceOptions) {
    super("accelerated-scoring:scoringImage:ScoringImage", name, {}, opts);
    const { registry, variant } = args;
    const tag = `${tagHash(args).slice(0, 12)}-${servedModel(args.model).name}-${variant}`;
    const imageName = pulumi.interpolate`${registry.loginServer}/${repository}:${tag}`;

    if (args.build === "docker") {
      const image = new Image(
        `${name}-image`,
        {
          imageName,
          buildOnPreview: false,
          build: { ...dockerBuild(args), builderVersion: "BuilderBuildKit" },
          registry: {
            server: registry.loginServer,
            username: tokenUserName,
            // The provider does not compare it, so another token is no change.
            password: this.password(args),
          },
        },
        { parent: this, customTimeouts: { create: "60m", update: "60m" } },
      );
      this.imageRef = image.repoDigest;
      this.imageDigest = image.repoDigest.apply((ref) => ref.slice(ref.indexOf("@") + 1));
      this.runId = pulumi.output<string | undefined>(undefined);
      this.logAddress = pulumi.output<string | undefined>(undefined);
    } else {
      const run = this.taskRun(name, args, tag);
      this.imageDigest = run.runResult.apply(({ outputImages, runErrorMessage }) => {
        const digest = outputImages?.[0]?.digest;
        if (!digest) throw new pulumi.RunError(`The ACR task made no image: ${runErrorMessage}`);
        return digest;
      });
      this.imageRef = pulumi.interpolate`${registry.loginServer}/${repository}@${this.imageDigest}`;
      this.runId = run.runResult.apply(({ runId }) => runId);
      this.logAddress = pulumi.interpolate`https://${registry.loginServer}/${run.runResult.apply(
        ({ logArtifact: { repository: log = "acr/runs", tag: logTag = "log" } }) =>
          `${log}:${logTag}`,
      )}`;
    }
    this.registerOutputs({
      imageRef: this.imageRef,
      imageDigest: this.imageDigest,
      runId: this.runId,
      logAddress: this.logAddress,
    });
  }

  /** None at preview: a token is asked for only by an update, once the right to push has been granted. */
  private password({ registry, tenantId }: ScoringImageArgs): pulumi.Output<string> {
    return pulumi.secret(
      pulumi
        .all([registry.loginServer, tenantId, registry.pushGranted])
        .apply(async ([loginServer, tenant]) => {
          if (pulumi.runtime.isDryRun()) return "";
          const { token } = await getClientToken();
          return pushToken({
            registry: `https://${loginServer}`,
            tenantId: tenant,
            armToken: token,
            repository,
          });
        }),
    );
  }

  private taskRun(name: string, args: ScoringImageArgs, tag: string): TaskRun {
    return new TaskRun(
      `${name}-run`,
      {
        resourceGroupName: args.foundation.resourceGroup,
        registryName: args.registry.registryName,
        taskRunName: "scoring-image",
        location: args.foundation.location,
        forceUpdateTag: tag,
        runRequest: {
          type: "DockerBuildRequest",
          dockerFilePath: "Dockerfile",
          imageNames: [`${repository}:${tag}`],
          isPushEnabled: true,
          platform: { os: "Linux", architecture: "amd64" },
          sourceLocation: args.source ?? "",
          target: args.variant,
          timeout: 3600,
          arguments: Object.entries(buildArguments(args)).map(([key, value]) => ({
            name: key,
            value,
          })),
        },
      },
      { parent: this, customTimeouts: { create: "70m", update: "70m" } },
    );
  }
}

type BuildArgs = Pick<
  ScoringImageArgs,
  "model" | "modelName" | "description" | "contextHash" | "bases"
>;

/** What Docker is asked to build; `npm run verify:image` hands the very same to Docker itself. */
export const dockerBuild = (
  args: BuildArgs & Pick<ScoringImageArgs, "contextFolder" | "variant">,
) => ({
  context: args.contextFolder,
  dockerfile: `${args.contextFolder}/Dockerfile`,
  target: args.variant,
  platform,
  args: buildArguments(args),
});

/** SHA-256 of all that decides what the build makes: a registry keeps one image a tag, so other bases take another tag. */
const tagHash = (args: BuildArgs): string =>
  createHash("sha256").update(buildHash(args)).update(JSON.stringify(args.bases)).digest("hex");

/** SHA-256 of our own part of it: the context and, where it converts, the recipe. */
const buildHash = ({
  model,
  contextHash,
}: Pick<ScoringImageArgs, "model" | "contextHash">): string =>
  model.converted
    ? createHash("sha256").update(contextHash).update(model.converted.hash).digest("hex")
    : contextHash;

/** Build arguments of the Dockerfile: the bases, the model, how to convert it, and the texts of the OCI labels. */
export const buildArguments = (args: BuildArgs): Record<string, string> => {
  const { converted } = args.model;
  const { version, tags } = servedModel(args.model);
  return {
    ...args.bases,
    MODEL: args.modelName,
    ...(converted ? { CONVERT: "yes", CONVERSION: JSON.stringify(converted.recipe) } : {}),
    OCI_TITLE: repository,
    OCI_DESCRIPTION: args.description,
    OCI_VERSION: version,
    OCI_REVISION: buildHash(args),
    OCI_TAGS: JSON.stringify(tags),
  };
};
