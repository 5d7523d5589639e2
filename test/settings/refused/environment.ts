import type { RefusedSettings } from "./refusedSettings";

/** The API server, images, models and the registry. */
export const environment: readonly RefusedSettings[] = [
  {
    title: "ranges of a private API server",
    stack: "eastus",
    overrides: { apiAccess: "private", authorizedIpRanges: ["203.0.113.0/24"] },
    lines: [
      "authorizedIpRanges is [\"203.0.113.0/24\"]: a private API server has no public address to restrict. Mend it with: pulumi config set authorizedIpRanges '[]'",
    ],
  },
  {
    title: "a deployer's range that is none",
    stack: "eastus",
    overrides: { deployerIpRange: "203.0.113.7/33" },
    lines: [
      'deployerIpRange is "203.0.113.7/33": it must be auto or a range such as 203.0.113.7/32. Mend it with: pulumi config set deployerIpRange auto',
    ],
  },
  {
    title: "a build for a cluster without registry",
    stack: "edge",
    overrides: { "image.build": "docker", "image.reference": "" },
    lines: [
      'image.build is "docker": target kubernetes has no registry of its own and deploys an image that exists. Mend it with: pulumi config set image.build none',
    ],
  },
  {
    title: "no image to deploy",
    stack: "edge",
    overrides: { "image.reference": "" },
    lines: [
      "image.reference is not set: image.build none deploys an image that exists. Mend it with: pulumi config set image.reference registry.example.com/scoring-image@sha256:DIGEST",
    ],
  },
  {
    title: "an image that would be built over",
    stack: "eastus",
    overrides: { "image.reference": "registry.example.com/a:1" },
    lines: [
      'image.reference is "registry.example.com/a:1": image.build docker builds the image itself. Mend it with: pulumi config set image.reference ""',
    ],
  },
  {
    title: "an ACR task without a source",
    stack: "eastus",
    overrides: { "image.build": "acr" },
    lines: [
      "image.source is not set: an ACR task builds from a Git address. Mend it with: pulumi config set image.source https://github.com/ORG/REPO.git#main:scoring-image",
    ],
  },
  {
    title: "an unknown model",
    stack: "eastus",
    overrides: { model: "alexnet" },
    lines: [
      'model is "alexnet": scoring-image/models has efficientnet-lite0. Mend it with: pulumi config set model efficientnet-lite0',
    ],
  },
  {
    title: "a model of the catalogue that has not been fetched",
    stack: "eastus",
    overrides: { model: "resnet152" },
    lines: [
      'model is "resnet152": it is in the catalogue, but not in scoring-image/models yet. Mend it with: npm run model -- fetch resnet152',
    ],
  },
  {
    title: "a conversion of a package",
    stack: "eastus",
    overrides: { "conversion.input": "images:0", "conversion.preset": "reference" },
    lines: [
      'conversion.input is "images:0": efficientnet-lite0 is a package and is not converted. Mend it with: pulumi config set conversion.input ""',
      'conversion.preset is "reference": efficientnet-lite0 is a package and is not converted. Mend it with: pulumi config set conversion.preset ""',
    ],
  },
  {
    title: "another precision of a package",
    stack: "eastus",
    overrides: { "conversion.precision": "float16" },
    lines: [
      'conversion.precision is "float16": efficientnet-lite0 is a package and is not converted. Mend it with: pulumi config set conversion.precision float32, and make the package efficientnet-lite0-float16 with: npm run model -- quantize scoring-image/models/efficientnet-lite0 --precision float16, then: pulumi config set model efficientnet-lite0-float16',
    ],
  },
  {
    title: "a precision of an FPGA's model",
    stack: "westeurope",
    overrides: { "conversion.precision": "float16" },
    lines: [
      'conversion.precision is "float16": accelerator is fpga, and what an FPGA computes in is fixed when its own model is compiled. Mend it with: pulumi config set conversion.precision float32',
    ],
  },
  {
    title: "a zone-redundant registry below Premium",
    stack: "eastus",
    overrides: { registryZoneRedundant: true },
    lines: [
      "registryZoneRedundant is true: only a Premium registry can be zone redundant, registrySku is Standard. Mend it with: pulumi config set registrySku Premium",
    ],
  },
  {
    title: "an image that nobody has put on the nodes of a pool",
    stack: "eastus",
    overrides: { "image.pullPolicy": "Never" },
    lines: [
      'image.pullPolicy is "Never": the nodes of a pool are new machines that hold no image; it is for a cluster into which the image was imported. Mend it with: pulumi config set image.pullPolicy ""',
    ],
  },
  {
    title: "a base image without its digest",
    stack: "eastus",
    overrides: { "image.cpuBase": "debian:bookworm-slim" },
    lines: [
      'image.cpuBase is "debian:bookworm-slim": it must be an image reference with a digest. Mend it with: pulumi config set image.cpuBase registry.example.com/base:TAG@sha256:DIGEST',
    ],
  },
];
