import { spawn, type ChildProcess } from "node:child_process";
import { generateKeyPairSync, randomUUID } from "node:crypto";
import { once } from "node:events";
import { createWriteStream, writeFileSync } from "node:fs";
import net, { type AddressInfo } from "node:net";
import path from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { Kubectl } from "./kubectl";

async function freePort(): Promise<number> {
  const server = net.createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  server.close();
  return port;
}

/**
 * A real control plane of its own: etcd, API server, controller manager and scheduler, with kwok instead of kubelets. Pods get scheduled,
 * counted and deleted as on any cluster; nothing runs in them.
 */
export class ControlPlane {
  readonly #children: ChildProcess[] = [];

  private constructor(
    private readonly bin: string,
    private readonly folder: string,
    readonly kubectl: Kubectl,
  ) {}

  /**
   * @param bin folder of the programs that `build.sh` made
   * @param folder for data, logs and credentials
   * @throws Error when the API server is not ready within two minutes
   */
  static async start(bin: string, folder: string): Promise<ControlPlane> {
    const [etcd, peer, secure, manager, scheduler] = (await Promise.all(
      Array.from({ length: 5 }, freePort),
    )) as [number, number, number, number, number];
    const kubeconfig = writeCredentials(folder, secure);
    const kubectl = new Kubectl(path.join(bin, "kubectl"), kubeconfig);
    const plane = new ControlPlane(bin, folder, kubectl);
    plane.#run("etcd", [
      `--data-dir=${folder}/etcd`,
      `--listen-client-urls=http://127.0.0.1:${etcd}`,
      `--advertise-client-urls=http://127.0.0.1:${etcd}`,
      `--listen-peer-urls=http://127.0.0.1:${peer}`,
      `--initial-advertise-peer-urls=http://127.0.0.1:${peer}`,
      `--initial-cluster=default=http://127.0.0.1:${peer}`,
      "--unsafe-no-fsync",
    ]);
    plane.#run("kube-apiserver", [
      `--etcd-servers=http://127.0.0.1:${etcd}`,
      "--bind-address=127.0.0.1",
      "--advertise-address=127.0.0.1",
      `--secure-port=${secure}`,
      `--cert-dir=${folder}`,
      `--token-auth-file=${folder}/tokens.csv`,
      "--authorization-mode=RBAC",
      // As on AKS, whose own DaemonSets need it.
      "--allow-privileged=true",
      "--service-cluster-ip-range=10.96.0.0/16",
      "--service-account-issuer=https://kubernetes.default.svc",
      `--service-account-signing-key-file=${folder}/accounts.key`,
      `--service-account-key-file=${folder}/accounts.key`,
    ]);
    await plane.#ready();
    plane.#run("kube-controller-manager", [
      `--kubeconfig=${kubeconfig}`,
      `--secure-port=${manager}`,
      `--cert-dir=${folder}`,
      `--service-account-private-key-file=${folder}/accounts.key`,
      "--leader-elect=false",
    ]);
    plane.#run("kube-scheduler", [
      `--kubeconfig=${kubeconfig}`,
      `--secure-port=${scheduler}`,
      `--cert-dir=${folder}`,
      "--leader-elect=false",
    ]);
    plane.#run("kwok", [`--kubeconfig=${kubeconfig}`, "--manage-all-nodes=true"]);
    return plane;
  }

  #run(program: string, args: readonly string[]): void {
    const log = createWriteStream(path.join(this.folder, `${program}.log`));
    const child = spawn(path.join(this.bin, program), args, { cwd: this.folder });
    child.stdout.pipe(log);
    child.stderr.pipe(log);
    this.#children.push(child);
  }

  async #ready(): Promise<void> {
    const end = Date.now() + 120_000;
    while (Date.now() < end) {
      if (await this.kubectl.succeeds("get", "--raw=/readyz")) return;
      await delay(500);
    }
    throw new Error(`the API server is not ready; see ${this.folder}/kube-apiserver.log`);
  }

  async stop(): Promise<void> {
    const running = this.#children.filter(
      ({ exitCode, signalCode }) => exitCode === null && signalCode === null,
    );
    const ended = running.map((child) => once(child, "exit"));
    for (const child of running) child.kill("SIGKILL");
    await Promise.all(ended);
  }
}

/** An administrator's token, a key for service accounts, and the kubeconfig that names them. @returns the kubeconfig's path */
function writeCredentials(folder: string, port: number): string {
  const token = randomUUID();
  const mode = { mode: 0o600 };
  writeFileSync(path.join(folder, "tokens.csv"), `${token},admin,admin,system:masters\n`, mode);
  const { privateKey } = generateKeyPairSync("rsa", {
    modulusLength: 2048,
    publicKeyEncoding: { type: "spki", format: "pem" },
    privateKeyEncoding: { type: "pkcs1", format: "pem" },
  });
  writeFileSync(path.join(folder, "accounts.key"), privateKey, mode);
  const file = path.join(folder, "kubeconfig");
  const kubeconfig = {
    apiVersion: "v1",
    kind: "Config",
    clusters: [
      {
        name: "test",
        // The server makes its certificate itself, for this run.
        cluster: { server: `https://127.0.0.1:${port}`, "insecure-skip-tls-verify": true },
      },
    ],
    users: [{ name: "admin", user: { token } }],
    contexts: [{ name: "test", context: { cluster: "test", user: "admin" } }],
    "current-context": "test",
  };
  writeFileSync(file, JSON.stringify(kubeconfig), mode);
  return file;
}
