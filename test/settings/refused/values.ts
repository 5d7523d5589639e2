import type { RefusedSettings } from "./refusedSettings";

/** Values that are not allowed by themselves. */
export const values: readonly RefusedSettings[] = [
  {
    title: "a value outside an enumeration",
    stack: "eastus",
    overrides: { target: "aws" },
    lines: [
      'target is "aws": it must be one of azure, kubernetes, local. Mend it with: pulumi config set target azure',
    ],
  },
  {
    title: "a whole number out of bounds",
    stack: "eastus",
    overrides: { replicas: 0 },
    lines: [
      'replicas is "0": it must be a whole number from 1 to 1000. Mend it with: pulumi config set replicas 1',
    ],
  },
  {
    title: "a fraction where a number must be",
    stack: "eastus",
    overrides: { cpuCores: "two" },
    lines: [
      'cpuCores is "two": it must be empty or a number from 0.1 to 1000. Mend it with: pulumi config set cpuCores 1',
    ],
  },
  {
    title: "a list with a foreign item",
    stack: "eastus",
    overrides: { systemZones: ["4"] },
    lines: [
      'systemZones is "["4"]": it must be a list, each item one of 1, 2, 3. Mend it with: pulumi config set systemZones \'["1"]\'',
    ],
  },
  {
    title: "tags that are not texts",
    stack: "eastus",
    overrides: { tags: { team: 1 } },
    lines: [
      'tags is "{"team":1}": it must be at most 40 tags, names without <>%&\\?/ and texts of at most 256 characters. Mend it with: pulumi config set tags \'{"team":"vision"}\'',
    ],
  },
  {
    title: "a range that is none",
    stack: "eastus",
    overrides: { authorizedIpRanges: ["10.0.0.300/8"] },
    lines: [
      'authorizedIpRanges is "["10.0.0.300/8"]": it must be a list, each item a range such as 203.0.113.0/24. Mend it with: pulumi config set authorizedIpRanges \'["203.0.113.0/24"]\'',
    ],
  },
  {
    title: "an image without tag or digest",
    stack: "eastus",
    overrides: { gpuDevicePluginImage: "nvcr.io/plugin" },
    lines: [
      'gpuDevicePluginImage is "nvcr.io/plugin": it must be an image reference with a tag or a digest. Mend it with: pulumi config set gpuDevicePluginImage registry.example.com/scoring-image@sha256:DIGEST',
    ],
  },
  {
    title: "a base name that is too long for a vault",
    stack: "eastus",
    overrides: { name: "acceleratedscoring" },
    lines: [
      'name is "acceleratedscoring": it must be 3 to 12 lower-case letters and digits, beginning with a letter (Azure allows a Key Vault 24 with our suffix). Mend it with: pulumi config set name scoring',
    ],
  },
  {
    title: "a key that Pulumi.yaml does not declare",
    stack: "eastus",
    overrides: { replica: 2 },
    lines: [
      "replica is not a setting (docs/settings.md lists them). Mend it with: pulumi config rm replica",
    ],
  },
  {
    title: "several problems at once",
    stack: "eastus",
    overrides: { replicas: 0, auth: "password" },
    lines: [
      'replicas is "0": it must be a whole number from 1 to 1000. Mend it with: pulumi config set replicas 1',
      'auth is "password": it must be one of key, token, none. Mend it with: pulumi config set auth key',
    ],
  },
];
