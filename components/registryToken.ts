import { setTimeout as sleep } from "node:timers/promises";

/** User name with which a registry takes an Entra refresh token as password (page of `az acr login --expose-token`). */
export const tokenUserName = "00000000-0000-0000-0000-000000000000";

/** How to obtain a token that may push. */
export interface PushTokenRequest {
  /** Address of the registry, `https://NAME.azurecr.io`. */
  readonly registry: string;
  readonly tenantId: string;
  /** Token of Azure Resource Manager for the deployer. */
  readonly armToken: string;
  readonly repository: string;
  /** Longest wait for the right to push to reach the registry, in milliseconds; role assignments take minutes. */
  readonly timeoutMs?: number;
  /** Pause between attempts in milliseconds. */
  readonly intervalMs?: number;
}

/**
 * Exchanges an Entra token for the registry's own and waits until it may really push: a granted role is not at once
 * known everywhere, and a push that begins too early fails after the whole build.
 * @throws Error with the registry's last answer when the right has not arrived in time
 */
export async function pushToken(request: PushTokenRequest): Promise<string> {
  const { timeoutMs = 10 * 60_000, intervalMs = 10_000 } = request;
  const end = Date.now() + timeoutMs;
  for (;;) {
    const attempt = await tryPush(request);
    if ("token" in attempt) return attempt.token;
    if (Date.now() + intervalMs > end) {
      throw new Error(
        `${request.registry} does not let this deployer push after ${Math.round(timeoutMs / 1000)} s: it answered ${attempt.refusal}. Grant AcrPush, or wait and run again.`,
      );
    }
    await sleep(intervalMs);
  }
}

type Attempt = { readonly token: string } | { readonly refusal: string };

async function tryPush({
  registry,
  tenantId,
  armToken,
  repository,
}: PushTokenRequest): Promise<Attempt> {
  const service = new URL(registry).host;
  const exchanged = await post(`${registry}/oauth2/exchange`, {
    grant_type: "access_token",
    service,
    tenant: tenantId,
    access_token: armToken,
  });
  const refreshToken = exchanged.body["refresh_token"];
  if (refreshToken === undefined) return { refusal: `${exchanged.status} to the exchange` };
  const access = await post(`${registry}/oauth2/token`, {
    grant_type: "refresh_token",
    service,
    scope: `repository:${repository}:pull,push`,
    refresh_token: refreshToken,
  });
  const accessToken = access.body["access_token"];
  if (accessToken === undefined) return { refusal: `${access.status} to the token's scope` };

  // An upload begun and dropped is the one question whose answer is the registry's own.
  const authorization = `Bearer ${accessToken}`;
  const begun = await fetch(`${registry}/v2/${repository}/blobs/uploads/`, {
    method: "POST",
    headers: { authorization },
  });
  await begun.arrayBuffer();
  if (begun.status !== 202) return { refusal: `${begun.status} to an upload` };
  const upload = begun.headers.get("location");
  if (upload) {
    const dropped = await fetch(new URL(upload, registry), {
      method: "DELETE",
      headers: { authorization },
    });
    await dropped.arrayBuffer();
  }
  return { token: refreshToken };
}

/** @throws Error for answers that no waiting will change, such as a registry that is not there */
async function post(url: string, form: Readonly<Record<string, string>>) {
  const response = await fetch(url, { method: "POST", body: new URLSearchParams(form) });
  const text = await response.text();
  if (response.ok) {
    return {
      status: response.status,
      body: JSON.parse(text) as Record<string, string | undefined>,
    };
  }
  if (response.status === 401 || response.status === 403) {
    return { status: response.status, body: {} };
  }
  throw new Error(`${url} answered ${response.status}: ${text.slice(0, 300)}`);
}
