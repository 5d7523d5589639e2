import assert from "node:assert/strict";
import { mkdirSync, writeFileSync } from "node:fs";
import path from "node:path";
import * as pulumi from "@pulumi/pulumi";
import { contentHash } from "../../components/contentHash";
import { apiRanges, deployerRange } from "../../components/deployerAddress";
import { endpoints, type EndpointArgs } from "../../components/serviceEndpoints";
import { httpServer } from "../support/httpServer";
import { reveal } from "../support/pulumiMocks";
import { temporaryFolder } from "../support/temporaryFolder";

const args: EndpointArgs = {
  serviceName: "resnet",
  namespace: "scoring",
  fpga: false,
  tls: false,
  exposure: { kind: "azure-internal", host: undefined },
  ingress: pulumi.output({ ip: "10.0.0.9" }) as unknown as EndpointArgs["ingress"],
  nodePorts: pulumi.output<Readonly<Record<string, number | undefined>>>({
    scoring: 30001,
    grpc: 30002,
  }),
};
const reach = async (changed: Partial<EndpointArgs>) =>
  (await reveal(endpoints({ ...args, ...changed }))).value;

describe("addresses", () => {
  it("are the balancer's own without a host name, on port 80 in clear text", async () => {
    assert.deepEqual(await reach({}), {
      scoringUri: "http://10.0.0.9/api/v1/service/resnet/score",
      swaggerUri: "http://10.0.0.9/api/v1/service/resnet/swagger.json",
      grpcEndpoint: "10.0.0.9:80",
    });
  });

  it("are bare on FPGA stacks, as clients that append :80 need it (trap 12)", async () => {
    assert.deepEqual(await reach({ fpga: true }), {
      scoringUri: "http://10.0.0.9/",
      swaggerUri: "http://10.0.0.9/api/v1/service/resnet/swagger.json",
      grpcEndpoint: "10.0.0.9:80",
    });
  });

  it("are the nodes' ports on a cluster without balancer, and the service's name without a host", async () => {
    assert.deepEqual(
      await reach({ exposure: { kind: "node-port", host: "edge.example.com" }, tls: true }),
      {
        scoringUri: "https://edge.example.com:30001/api/v1/service/resnet/score",
        swaggerUri: "https://edge.example.com:30001/api/v1/service/resnet/swagger.json",
        grpcEndpoint: "edge.example.com:30001",
      },
    );
    assert.deepEqual(await reach({ exposure: { kind: "node-port", host: undefined } }), {
      scoringUri: "http://resnet.scoring.svc/api/v1/service/resnet/score",
      swaggerUri: "http://resnet.scoring.svc/api/v1/service/resnet/swagger.json",
      grpcEndpoint: "resnet.scoring.svc:80",
    });
  });

  it("of the deployer come from a page, or from a clear refusal", async () => {
    let answer = "203.0.113.7\n";
    const { url, close } = await httpServer((_, response) => response.end(answer));
    assert.equal(await deployerRange(url), "203.0.113.7/32");
    const settings = {
      apiAccess: "authorizedRanges",
      authorizedIpRanges: ["203.0.113.7/32", "192.0.2.0/24"],
      deployerIpRange: "auto",
      deployerAddressUrl: url,
    } as const;
    assert.deepEqual(await apiRanges(settings), ["203.0.113.7/32", "192.0.2.0/24"]);
    assert.equal(await apiRanges({ ...settings, apiAccess: "private" }), undefined);
    answer = "<html>";
    const mend = "Set it yourself with: pulumi config set deployerIpRange ADDRESS/32";
    await assert.rejects(deployerRange(url), {
      message: `deployerIpRange is auto, but ${url} answered with no IPv4 address. ${mend}`,
    });
    await close();
    await assert.rejects(deployerRange(url), {
      message: `deployerIpRange is auto, but ${url} could not be asked for this machine's address: fetch failed. ${mend}`,
    });
  });
});

describe("the hash of a folder", () => {
  it("changes with names and contents and with nothing else", () => {
    const folder = temporaryFolder("hash");
    writeFileSync(path.join(folder, "a"), "1");
    mkdirSync(path.join(folder, "sub"));
    writeFileSync(path.join(folder, "sub", "b"), "2");
    const { hash, files } = contentHash(folder);
    assert.deepEqual(files, ["a", "sub/b"]);
    mkdirSync(path.join(folder, "node_modules"));
    writeFileSync(path.join(folder, "node_modules", "c"), "3");
    writeFileSync(path.join(folder, "a"), "1");
    assert.equal(contentHash(folder).hash, hash);
    writeFileSync(path.join(folder, "a"), "2");
    const changed = contentHash(folder).hash;
    assert.notEqual(changed, hash);
    writeFileSync(path.join(folder, "a"), "1");
    writeFileSync(path.join(folder, "d"), "");
    assert.notEqual(contentHash(folder).hash, hash);
  });
});
