import { headers } from "../../contract";
import { ScoringError } from "../../errors";

/**
 * Checks the route that clients of the reference system send as metadata: `/api/v1/service/NAME`, or NAME alone as some do; none is fine,
 * because there is one service at an address.
 * @throws ScoringError NOT_FOUND when it names another service
 */
export function checkRoute(route: string | undefined, serviceName: string): void {
  if (!route) return;
  const name = route.replace(/^\/?api\/v1\/service\//, "").replace(/\/$/, "");
  if (name === serviceName) return;
  const message = `The metadata ${headers.grpcRoute} is "${route.slice(0, 200)}"; the service here is ${serviceName}.`;
  throw new ScoringError("NOT_FOUND", message);
}
