import assert from "node:assert/strict";
import { find } from "../support/pulumiMocks";
import { runProgram, type ProgramRun } from "../support/program";

describe("the model and the image that Azure is sent", () => {
  let eastus: ProgramRun;
  before(async () => {
    eastus = await runProgram("eastus");
  });

  it("model: files, version named by content, old ones kept unless asked otherwise", async () => {
    const version = find(eastus, "ModelVersion");
    const { inputs, options } = version;
    assert.match(String(inputs["version"]), /^1-[0-9a-f]{12}$/);
    const { modelUri, tags: modelTags } = inputs["properties"] as Record<string, unknown>;
    assert.equal(
      modelUri,
      `azureml://datastores/models/paths/efficientnet-lite0/${String(inputs["version"])}/`,
    );
    assert.equal((modelTags as Record<string, string>)["licence"], "Apache-2.0");
    assert.equal(options.retainOnDelete, true);
    const replaced = await runProgram("eastus", { keepOldModelVersions: false });
    assert.equal(find(replaced, "ModelVersion").options.retainOnDelete, false);
    assert.equal(
      eastus.registrations.filter(
        ({ type, options: { retainOnDelete } }) => type.endsWith("storage:Blob") && retainOnDelete,
      ).length,
      6,
    );
  });

  it("image: content in its tag, model and labels as build arguments, no password at preview", async () => {
    const { inputs } = find(eastus, "image:Image");
    assert.match(
      String(inputs["imageName"]),
      /^scoringcrabc123\.azurecr\.io\/scoring-image:[0-9a-f]{12}-efficientnet-lite0-cuda$/,
    );
    const { target, platform, args } = inputs["build"] as {
      target: string;
      platform: string;
      args: Record<string, string>;
    };
    assert.deepEqual(
      [target, platform, args["MODEL"]],
      ["cuda", "linux/amd64", "efficientnet-lite0"],
    );
    assert.deepEqual(Object.keys(args).sort(), [
      "CPU_BASE_IMAGE",
      "CUDA_BASE_IMAGE",
      "MODEL",
      "NODE_IMAGE",
      "OCI_DESCRIPTION",
      "OCI_REVISION",
      "OCI_TAGS",
      "OCI_TITLE",
      "OCI_VERSION",
    ]);
    assert(!JSON.stringify(inputs["registry"]).includes("eyJ"));
    assert.equal(
      (find(await runProgram("westeurope"), "image:Image").inputs["build"] as { target: string })
        .target,
      "cpu",
    );
  });
});
