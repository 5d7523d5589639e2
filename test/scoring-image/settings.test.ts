import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import path from "node:path";
import { variables } from "../../scoring-image/src/contract";
import { loadSettings, SettingsError, type Settings } from "../../scoring-image/src/settings";
import { definitions } from "../../scoring-image/src/settingsDefinitions";
import { root } from "../support/paths";

const withKey = { PRIMARY_KEY: "key-of-the-settings-tests" };

function problems(env: Record<string, string>): readonly string[] {
  try {
    loadSettings(env);
  } catch (error) {
    assert.ok(error instanceof SettingsError);
    return error.problems;
  }
  return [];
}

const keysOf = ({ access }: Settings) => (access.kind === "keys" ? access.keys : undefined);

describe("settings", () => {
  it("has a default for everything but the keys", () => {
    const settings = loadSettings(withKey, undefined, { cores: 2, memoryBytes: 1e9 });
    assert.equal(settings.host, "127.0.0.1");
    assert.equal(settings.port, 5001);
    assert.equal(settings.metricsPort, 5002);
    assert.equal(settings.scoringTimeoutMs, 60_000);
    assert.deepEqual(settings.access, {
      kind: "keys",
      keys: { primary: withKey.PRIMARY_KEY, secondary: undefined },
    });
    assert.equal(settings.tls, undefined);
    assert.ok(Object.isFrozen(settings));
  });

  it("treats an empty variable as absent", () => {
    assert.equal(loadSettings({ ...withKey, PORT: "" }).port, 5001);
  });

  const cases: [env: Record<string, string>, message: string][] = [
    [{ PORT: "http" }, 'PORT is "http": must be a whole number from 0 to 65535'],
    [{ PORT: "70000" }, 'PORT is "70000": must be a whole number from 0 to 65535'],
    [{ AUTH: "off" }, 'AUTH is "off": must be key, token or none'],
    [
      { PRIMARY_KEY: "short" },
      "PRIMARY_KEY is set: must be 8 to 256 printable characters without spaces",
    ],
    [
      { SERVICE_NAME: "My Service" },
      'SERVICE_NAME is "My Service": must be 3 to 32 lower-case letters, digits and hyphens, beginning with a letter',
    ],
    [
      { PORT: "6000", METRICS_PORT: "6000" },
      "METRICS_PORT is 6000, the same as PORT: choose another",
    ],
    [{ PORT: "6000", GRPC_PORT: "6000" }, "GRPC_PORT is 6000, the same as PORT: choose another"],
    [
      { METRICS_PORT: "6000", GRPC_PORT: "6000" },
      "GRPC_PORT is 6000, the same as METRICS_PORT: choose another",
    ],
    [
      { AUTH: "none", PRIMARY_KEY: "a-long-enough-key" },
      "AUTH is none, but a key is set: remove the keys or set AUTH=key",
    ],
    [
      { SECONDARY_KEY: "a-long-enough-key" },
      "SECONDARY_KEY is set without PRIMARY_KEY: set both or only the latter",
    ],
    [{ EXECUTION_PROVIDER: "rocm" }, 'EXECUTION_PROVIDER is "rocm": must be cpu, cuda or tensorrt'],
    [
      { RUNTIME_ADDRESS: "10.0.0.4:8001" },
      'RUNTIME_ADDRESS is "10.0.0.4:8001": must be host:port with a host of this machine (127.0.0.1, [::1], localhost), or unix:/path',
    ],
    [
      { RUNTIME_ADDRESS: "localhost" },
      'RUNTIME_ADDRESS is "localhost": must be host:port with a host of this machine (127.0.0.1, [::1], localhost), or unix:/path',
    ],
    [
      { RUNTIME_MODEL: "resnet50" },
      'RUNTIME_MODEL is "resnet50" without RUNTIME_ADDRESS: set both, or neither to run the model in this process',
    ],
    [
      { RUNTIME_ADDRESS: "unix:/run/runtime.sock", EXECUTION_PROVIDER: "cuda" },
      'EXECUTION_PROVIDER is "cuda", but with RUNTIME_ADDRESS the runtime decides where the model runs: remove one of them',
    ],
    [
      { TLS_CERTIFICATE_FILE: "/tls/tls.crt" },
      "TLS_CERTIFICATE_FILE is set without TLS_KEY_FILE: set both, or neither for clear text",
    ],
    [
      { TLS_KEY_FILE: "/tls/tls.key" },
      "TLS_KEY_FILE is set without TLS_CERTIFICATE_FILE: set both, or neither for clear text",
    ],
    [
      { PRIMARY_KEY_FILE: "/keys/primaryKey" },
      "PRIMARY_KEY_FILE or SECONDARY_KEY_FILE is set beside a key: set keys or files",
    ],
    [
      { SECONDARY_KEY_FILE: "/keys/secondaryKey", PRIMARY_KEY: "" },
      "SECONDARY_KEY_FILE is set without PRIMARY_KEY_FILE: set both or only the latter",
    ],
    [
      { TOKEN_AUDIENCE: "api://scoring" },
      "TOKEN_AUDIENCE is set, but AUTH is key: remove it or change AUTH",
    ],
    [
      { AUTH: "token", PRIMARY_KEY: "", TOKEN_AUDIENCE: "api://scoring" },
      "TOKEN_ISSUER is not set: AUTH=token needs it",
    ],
    [
      {
        AUTH: "token",
        PRIMARY_KEY: "a-long-enough-key",
        TOKEN_ISSUER: "https://issuer.example.com",
        TOKEN_AUDIENCE: "api://scoring",
      },
      "PRIMARY_KEY is set, but AUTH is token: remove it or change AUTH",
    ],
    [
      {
        AUTH: "token",
        PRIMARY_KEY: "",
        TOKEN_ISSUER: "http://issuer.example.com",
        TOKEN_AUDIENCE: "api://scoring",
      },
      'TOKEN_ISSUER is "http://issuer.example.com": must be an https:// address',
    ],
  ];
  for (const [env, message] of cases) {
    it(`refuses ${JSON.stringify(env)}`, () => {
      const key =
        "PRIMARY_KEY" in env || env["AUTH"] === "none" || "SECONDARY_KEY" in env ? {} : withKey;
      assert.deepEqual(problems({ ...key, ...env }), [message]);
    });
  }

  it("reports all problems at once", () => {
    assert.equal(problems({ PORT: "x", MAX_PIXELS: "0", LOG_LEVEL: "loud" }).length, 4);
    assert.deepEqual(
      problems({ ...withKey, THREADS_PER_INSTANCE: "1", INSTANCES: "1", LANES: "x" }),
      [
        "INSTANCES is set, but has ended: set LANES",
        "THREADS_PER_INSTANCE is set, but has ended: set THREADS_PER_LANE",
        'LANES is "x": must be a whole number from 0 to 256',
      ],
    );
  });

  it("needs a key, an open service or a way to make one", () => {
    const message = "PRIMARY_KEY is not set: set it, or AUTH=none for an open service";
    assert.deepEqual(problems({}), [message]);
    assert.deepEqual(loadSettings({ AUTH: "none" }).access, { kind: "open" });
    for (const env of [{}, { PRIMARY_KEY: "" }]) {
      assert.deepEqual(keysOf(loadSettings(env, () => "made-up-key")), {
        primary: "made-up-key",
        secondary: undefined,
      });
    }
    assert.equal(keysOf(loadSettings(withKey, () => "made-up-key"))?.primary, withKey.PRIMARY_KEY);
  });

  it("never shows the value of a key", () => {
    assert.ok(!problems({ PRIMARY_KEY: "se cret" }).join().includes("se cret"));
  });

  it("is described in docs/server.md, default and meaning, line by line", () => {
    const page = readFileSync(path.join(root, "docs", "server.md"), "utf8");
    for (const [name, { default: fallback, description }] of Object.entries(definitions)) {
      const variable = variables[name as keyof typeof variables];
      const shown =
        fallback === undefined || fallback === ""
          ? "-"
          : fallback.startsWith(root)
            ? "the bundled model"
            : `\`${fallback}\``;
      assert.ok(
        page.includes(`| \`${variable}\` | ${shown} | ${description} |`),
        `docs/server.md lacks: | \`${variable}\` | ${shown} | ${description} |`,
      );
    }
  });
});
