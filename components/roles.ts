import * as authorization from "@pulumi/azure-native/authorization";
import * as pulumi from "@pulumi/pulumi";

/** Ids of Azure's built-in roles (page "Azure built-in roles"). */
export const roles = {
  contributor: "b24988ac-6180-42a0-ab88-20f7382dd24c",
  acrPull: "7f951dda-4ed3-4680-a7ca-43fe172d538d",
  acrPush: "8311e382-0749-4cb8-b61a-304f252e45ec",
  aksRbacClusterAdmin: "b1ff04bb-8a4e-4dc4-8eb5-8693973ce19b",
  aksClusterUser: "4abbcc35-e782-43d8-92c5-2d3f1bd2253f",
  blobDataContributor: "ba92f5b4-2d11-453d-a403-e96b0029c9fe",
  keyVaultAdministrator: "00482a5a-887f-4fb3-b363-3b7fe8e74483",
  managedIdentityOperator: "f1a07417-d97a-45cb-824c-7a7467783830",
} as const;

/** Who receives a role. */
export interface Principal {
  readonly id: pulumi.Input<string>;
  /** Named always: without it Azure looks the principal up before it has replicated and answers PrincipalNotFound. */
  readonly type: "User" | "ServicePrincipal" | "Group";
}

/** Who runs the program, as azure-native is signed in. */
export interface Deployer {
  readonly principal: Principal;
  readonly subscriptionId: pulumi.Output<string>;
  readonly tenantId: pulumi.Output<string>;
}

/** The signed-in deployer; `type` is the setting `principalType`, since Azure does not tell. */
export function currentDeployer(type: Principal["type"]): Deployer {
  const client = authorization.getClientConfigOutput();
  return {
    principal: { id: client.objectId, type },
    subscriptionId: client.subscriptionId,
    tenantId: client.tenantId,
  };
}

/** Assigns a built-in role. */
export const grant = (
  name: string,
  role: keyof typeof roles,
  { id, type }: Principal,
  scope: pulumi.Input<string>,
  subscriptionId: pulumi.Input<string>,
  opts: pulumi.CustomResourceOptions,
): authorization.RoleAssignment =>
  new authorization.RoleAssignment(
    name,
    {
      principalId: id,
      principalType: type,
      roleDefinitionId: pulumi.interpolate`/subscriptions/${subscriptionId}/providers/Microsoft.Authorization/roleDefinitions/${roles[role]}`,
      scope,
    },
    opts,
  );
