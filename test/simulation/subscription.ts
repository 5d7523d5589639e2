import { Refusal, type Live, type State } from "./state";

/** Who runs the program, as Entra knows him. */
export const deployer = {
  subscriptionId: "11111111-2222-4333-8444-555555555555",
  tenantId: "66666666-7777-4888-8999-aaaaaaaaaaaa",
  clientId: "04b07795-8ddb-461a-bbee-02f9e1bf7b46",
  objectId: "bbbbbbbb-cccc-4ddd-8eee-ffffffffffff",
} as const;

/** A VM size as the SKU list of Azure describes it. */
export interface Size {
  readonly family: string;
  readonly vcpus: number;
  readonly memoryGb: number;
  /** Accelerators by their Kubernetes resource name; the FPGA's plugin names it by the card's shell. */
  readonly gpus?: number;
  readonly fpgas?: number;
  readonly regions: readonly string[];
}

/** Regions of this subscription. */
export const regions = ["eastus", "westus2", "westeurope", "southeastasia"] as const;

/** Sizes that this subscription may use. */
export const sizes: Readonly<Record<string, Size>> = {
  Standard_D4s_v5: { family: "standardDSv5Family", vcpus: 4, memoryGb: 16, regions },
  Standard_D8s_v5: { family: "standardDSv5Family", vcpus: 8, memoryGb: 32, regions },
  Standard_NC4as_T4_v3: {
    family: "Standard NCASv3_T4 Family",
    vcpus: 4,
    memoryGb: 28,
    gpus: 1,
    regions,
  },
  Standard_NC8as_T4_v3: {
    family: "Standard NCASv3_T4 Family",
    vcpus: 8,
    memoryGb: 56,
    gpus: 1,
    regions,
  },
  Standard_NP10s: {
    family: "standardNPSFamily",
    vcpus: 10,
    memoryGb: 168,
    fpgas: 1,
    regions: ["eastus", "westus2", "westeurope", "southeastasia"],
  },
  Standard_NP20s: {
    family: "standardNPSFamily",
    vcpus: 20,
    memoryGb: 336,
    fpgas: 2,
    regions: ["eastus", "westus2", "westeurope", "southeastasia"],
  },
};

/** Ids of Azure's built-in roles (page "Azure built-in roles"). */
export const roleIds = {
  owner: "8e3af657-a8ff-443c-a75c-2fe8c4bcb635",
  contributor: "b24988ac-6180-42a0-ab88-20f7382dd24c",
  acrPull: "7f951dda-4ed3-4680-a7ca-43fe172d538d",
  acrPush: "8311e382-0749-4cb8-b61a-304f252e45ec",
  aksRbacClusterAdmin: "b1ff04bb-8a4e-4dc4-8eb5-8693973ce19b",
  aksClusterUser: "4abbcc35-e782-43d8-92c5-2d3f1bd2253f",
  blobDataContributor: "ba92f5b4-2d11-453d-a403-e96b0029c9fe",
  managedIdentityOperator: "f1a07417-d97a-45cb-824c-7a7467783830",
} as const;

/** Whether a principal has a role at a scope or above it. */
export function hasRole(
  state: State,
  principalId: unknown,
  role: keyof typeof roleIds,
  scope: string,
): boolean {
  return state.all("authorization:RoleAssignment").some(({ inputs }) => {
    const at = String(inputs["scope"]).toLowerCase();
    return (
      inputs["principalId"] === principalId &&
      String(inputs["roleDefinitionId"]).endsWith(roleIds[role]) &&
      (scope.toLowerCase() === at || scope.toLowerCase().startsWith(`${at}/`))
    );
  });
}

/** @throws Refusal as ARM words a missing right */
export function requireRole(
  state: State,
  identity: Live | undefined,
  role: keyof typeof roleIds,
  scope: string,
): void {
  if (!identity) throw new Refusal(`Code="LinkedInvalidPropertyId" the identity does not exist`);
  if (!hasRole(state, identity.outputs["principalId"], role, scope)) {
    throw new Refusal(
      `Code="LinkedAuthorizationFailed" the identity ${identity.id} does not have the role ${role} over ${scope}`,
    );
  }
}
