import type { Values } from "./definitions";
import { isCidr } from "./forms";
import { problem, type Findings } from "./problems";

/** Most ranges that AKS takes, the deployer's own counted. */
export const maxAuthorizedRanges = 200;

/** Rules on where the API server answers, the registry and the image. */
export function environmentRules(values: Values): Findings {
  return {
    problems: [
      ...(values.target === "azure" ? apiProblems(values) : []),
      ...imageProblems(values),
      ...pullProblems(values),
      ...registryProblems(values),
    ],
    notices: values.target === "azure" ? [apiNotice(values)] : [],
  };
}

function apiProblems({ apiAccess, authorizedIpRanges, deployerIpRange }: Values): string[] {
  const found: string[] = [];
  if (apiAccess === "private" && authorizedIpRanges.length > 0) {
    found.push(
      problem(
        "authorizedIpRanges",
        authorizedIpRanges,
        "a private API server has no public address to restrict",
        "authorizedIpRanges '[]'",
      ),
    );
  }
  if (deployerIpRange !== "auto" && !isCidr(deployerIpRange)) {
    found.push(
      problem(
        "deployerIpRange",
        deployerIpRange,
        "it must be auto or a range such as 203.0.113.7/32",
        "deployerIpRange auto",
      ),
    );
  }
  if (authorizedIpRanges.length >= maxAuthorizedRanges) {
    found.push(
      `authorizedIpRanges has ${authorizedIpRanges.length} ranges: AKS takes ${maxAuthorizedRanges} with the deployer's own. Mend it with: pulumi config set authorizedIpRanges '["203.0.113.0/24"]'`,
    );
  }
  return found;
}

const apiNotice = ({ apiAccess, authorizedIpRanges, deployerIpRange }: Values): string =>
  apiAccess === "private"
    ? "apiAccess is private: run pulumi from a machine inside the cluster's virtual network or one peered with it; from anywhere else the Kubernetes resources cannot be created."
    : `The API server answers only ${[...authorizedIpRanges, deployerIpRange === "auto" ? "the address this runs from" : deployerIpRange].join(", ")}.`;

function imageProblems(values: Values): string[] {
  const build = values["image.build"];
  const reference = values["image.reference"];
  const found: string[] = [];
  if (values.target === "kubernetes" && build !== "none") {
    found.push(
      problem(
        "image.build",
        build,
        "target kubernetes has no registry of its own and deploys an image that exists",
        "image.build none",
      ),
    );
  }
  if (build === "none" && reference === undefined) {
    found.push(
      problem(
        "image.reference",
        undefined,
        "image.build none deploys an image that exists",
        "image.reference registry.example.com/scoring-image@sha256:DIGEST",
      ),
    );
  }
  if (build !== "none" && reference !== undefined) {
    found.push(
      problem(
        "image.reference",
        reference,
        `image.build ${build} builds the image itself`,
        'image.reference ""',
      ),
    );
  }
  if (build === "acr" && values["image.source"] === undefined) {
    found.push(
      problem(
        "image.source",
        undefined,
        "an ACR task builds from a Git address",
        "image.source https://github.com/ORG/REPO.git#main:scoring-image",
      ),
    );
  }
  return found;
}

/** Nodes of a pool come new from Azure: nobody has imported an image into them. */
function pullProblems(values: Values): string[] {
  return values.target === "azure" && values["image.pullPolicy"] === "Never"
    ? [
        problem(
          "image.pullPolicy",
          "Never",
          "the nodes of a pool are new machines that hold no image; it is for a cluster into which the image was imported",
          'image.pullPolicy ""',
        ),
      ]
    : [];
}

function registryProblems({ registrySku, registryZoneRedundant }: Values): string[] {
  return registryZoneRedundant && registrySku !== "Premium"
    ? [
        problem(
          "registryZoneRedundant",
          true,
          `only a Premium registry can be zone redundant, registrySku is ${registrySku}`,
          "registrySku Premium",
        ),
      ]
    : [];
}
