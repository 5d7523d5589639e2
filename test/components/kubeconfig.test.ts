import assert from "node:assert/strict";
import { chmodSync } from "node:fs";
import path from "node:path";
import { kubeloginConfig, requireKubelogin } from "../../components/kubeconfig";
import { folderWithCommands } from "../support/program";
import { kubeconfig } from "../support/mockProviders";

describe("the kubeconfig", () => {
  it("signs its user in by kubelogin and keeps everything else", () => {
    const config = JSON.parse(kubeloginConfig(kubeconfig, "workloadidentity")) as Record<
      string,
      unknown
    >;
    assert.deepEqual(config["users"], [
      {
        name: "clusterUser",
        user: {
          exec: {
            apiVersion: "client.authentication.k8s.io/v1beta1",
            command: "kubelogin",
            args: [
              "get-token",
              "--login",
              "workloadidentity",
              "--server-id",
              "6dae42f8-4368-4678-94ff-3960e28e3630",
            ],
            interactiveMode: "Never",
            provideClusterInfo: false,
          },
        },
      },
    ]);
    assert.equal(config["current-context"], "aks");
    assert.deepEqual(config["clusters"], [
      {
        name: "aks",
        cluster: { server: "https://aks.example.com:443", "certificate-authority-data": "Q0E=" },
      },
    ]);
  });

  it("must be one", () => {
    assert.throws(() => kubeloginConfig("", "azurecli"), {
      message: "AKS answered with no kubeconfig",
    });
  });

  it("needs kubelogin, and the Azure CLI to sign in with", () => {
    const both = [
      "The cluster takes Entra sign-ins only, and kubelogin and az cannot be found on PATH. Install:",
      "- kubelogin: az aks install-cli, or https://azure.github.io/kubelogin/install.html",
      "- az: https://aka.ms/azure-cli, or sign in otherwise with: pulumi config set kubelogin spn",
    ];
    assert.throws(() => requireKubelogin("azurecli", { PATH: "" }), { message: both.join("\n") });
    const folder = folderWithCommands("kubelogin");
    requireKubelogin("spn", { PATH: `/nowhere${path.delimiter}${folder}` });
    assert.throws(() => requireKubelogin("azurecli", { PATH: folder }), {
      message: [
        "The cluster takes Entra sign-ins only, and az cannot be found on PATH. Install:",
        both[2],
      ].join("\n"),
    });
  });

  it("does not take a file that cannot be run for a command", function () {
    if (process.platform === "win32") return this.skip();
    const folder = folderWithCommands("kubelogin");
    chmodSync(path.join(folder, "kubelogin"), 0o644);
    assert.throws(() => requireKubelogin("spn", { PATH: folder }), /kubelogin cannot be found/);
  });
});
