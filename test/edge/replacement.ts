import { cpSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import path from "node:path";
import { writeChecksums } from "../../scripts/edge/archive";
import type { Engine } from "../image/engine";
import { check, image, install } from "./installation";

/** A bundle like this one but for what `change` does to it, with the right checksums. */
async function changed(bundle: string, change: (folder: string) => void): Promise<string> {
  const folder = `${bundle}-changed`;
  cpSync(bundle, folder, { recursive: true });
  change(folder);
  await writeChecksums(folder);
  return folder;
}

const containers = (engine: Engine) => engine.docker(["ps", "--all", "--format", "{{.Names}}"]);

/** Something else listens on the service's port: said with what to do, and nothing is left running. */
export function verifyTakenPort(engine: Engine, bundle: string): void {
  engine.docker(["load", "--quiet", "--input", path.join(bundle, "image.tar")]);
  const listen = "require('node:net').createServer().listen(5001)";
  engine.docker(
    ["run", "--detach", "--name", "other", "--network", "host"].concat([
      ...["--entrypoint", "node", image, "-e", listen],
    ]),
  );
  const { code, said } = install(engine, bundle, ["docker", "--host-network"]);
  check(
    code === 1 && said.includes("Port 5001 is in use") && said.includes("end what listens there"),
    "a port that is taken is named, with what to do",
  );
  check(containers(engine) === "other", "and no container stays that starts again and again");
  engine.docker(["rm", "--force", "other"]);
}

/** A bundle whose service cannot start leaves the one that ran. */
export async function verifyFailedReplacement(engine: Engine, bundle: string): Promise<void> {
  const before = engine.docker(["ps", "--quiet"]);
  const broken = await changed(bundle, (folder) => {
    const file = path.join(folder, "service.env");
    writeFileSync(file, readFileSync(file, "utf8").replace(/^PORT=.*$/m, "PORT=none"));
  });
  const { code, said } = install(engine, broken, ["docker", "--host-network"]);
  rmSync(broken, { recursive: true });
  check(
    code === 1 && said.includes("PORT") && said.includes("the one that ran before runs again"),
    "a service that cannot start is given up, with what it said",
  );
  check(
    engine.docker(["ps", "--quiet"]) === before && containers(engine) === "scoring-service",
    "and the one that ran before runs again",
  );
  for (;;) {
    const health = "/v2/health/ready";
    const probe = `fetch("https://127.0.0.1:5001${health}").then(({ ok }) => process.exit(ok ? 0 : 1), () => process.exit(1))`;
    try {
      engine.docker(
        ["exec", "--env", "NODE_TLS_REJECT_UNAUTHORIZED=0", "scoring-service"].concat([
          ...["node", "-e", probe],
        ]),
      );
      return;
    } catch {
      // It loads its model.
    }
  }
}

/** Another image under the same name takes the place of the first, which does not stay on the disk. */
export async function verifyOtherImage(engine: Engine, bundle: string): Promise<void> {
  const idOf = () => engine.docker(["image", "inspect", "--format", "{{.Id}}", image]);
  const first = idOf();
  engine.docker(["commit", "--change", "LABEL other=yes", "scoring-service", image]);
  const other = idOf();
  const bundleOfOther = await changed(bundle, (folder) =>
    engine.docker(["save", "--output", path.join(folder, "image.tar"), image]),
  );
  engine.docker(["tag", first, image]);
  engine.docker(["image", "rm", other]);
  const { code } = install(engine, bundleOfOther, ["docker", "--host-network"]);
  rmSync(bundleOfOther, { recursive: true });
  check(code === 0 && idOf() === other, "a bundle with another image replaces the service");
  check(
    engine.docker(["images", "--all", "--quiet", "--no-trunc"]) === other,
    "and the image before does not stay on the disk",
  );
}
