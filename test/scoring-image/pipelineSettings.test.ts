import assert from "node:assert/strict";
import os from "node:os";
import path from "node:path";
import { loadSettings, SettingsError, type Settings } from "../../scoring-image/src/settings";

const withKey = { PRIMARY_KEY: "key-of-the-settings-tests" };

/** What a picture's way is made of. */
const keys = [
  "batchSizes",
  "lanes",
  "threadsPerLane",
  "decodeThreads",
  "gpuMemoryLimit",
  "engineCacheDir",
  "maxQueueSize",
  "maxQueueBytes",
] as const;
const pipelineOf = (settings: Settings) =>
  Object.fromEntries(keys.map((key) => [key, settings[key]]));

describe("the settings of a picture's way", () => {
  const cases: [env: Record<string, string>, message: string][] = [
    [
      { GPU_MEMORY_LIMIT: "4000000000" },
      "GPU_MEMORY_LIMIT is 4000000000, but the model runs on no GPU of this process: remove it, or set EXECUTION_PROVIDER to cuda or tensorrt",
    ],
    [
      { GPU_MEMORY_LIMIT: "1", RUNTIME_ADDRESS: "127.0.0.1:8001" },
      "GPU_MEMORY_LIMIT is 1, but the model runs on no GPU of this process: remove it, or set EXECUTION_PROVIDER to cuda or tensorrt",
    ],
    [{ LANES: "257" }, 'LANES is "257": must be a whole number from 0 to 256'],
    [{ THREADS_PER_LANE: "0" }, 'THREADS_PER_LANE is "0": must be a whole number from 1 to 256'],
    [{ DECODE_THREADS: "auto" }, 'DECODE_THREADS is "auto": must be a whole number from 0 to 256'],
    ...["8,4", "1,1", "0,1", "1,2048", "1;2", "1,,2", "1.5"].map(
      (sizes): [Record<string, string>, string] => [
        { BATCH_SIZES: sizes },
        `BATCH_SIZES is "${sizes}": must be whole numbers from 1 to 1024 separated by commas, each above the last`,
      ],
    ),
    [{ INSTANCES: "2" }, "INSTANCES is set, but has ended: set LANES"],
    [{ MAX_BATCH_SIZE: "8" }, "MAX_BATCH_SIZE is set, but has ended: set BATCH_SIZES"],
    [
      { THREADS_PER_INSTANCE: "1" },
      "THREADS_PER_INSTANCE is set, but has ended: set THREADS_PER_LANE",
    ],
  ];
  for (const [env, message] of cases) {
    it(`refuse ${JSON.stringify(env)}`, () => {
      assert.throws(
        () => loadSettings({ ...withKey, ...env }),
        (error: unknown) => {
          assert.ok(error instanceof SettingsError);
          assert.deepEqual(error.problems, [message]);
          return true;
        },
      );
    });
  }

  it("are one lane a core, of single pictures, unless set", () => {
    const settings = loadSettings(withKey, undefined, { cores: 2, memoryBytes: 1e9 });
    assert.deepEqual(pipelineOf(settings), {
      batchSizes: { sizes: [1], isDefault: true },
      lanes: 2,
      threadsPerLane: 1,
      decodeThreads: 0,
      gpuMemoryLimit: undefined,
      engineCacheDir: path.join(os.tmpdir(), "tensorrt"),
      maxQueueSize: 64,
      maxQueueBytes: 125e6,
    });
  });

  describe("of what was left to the server", () => {
    const derived = (env: Record<string, string>, cores: number) => {
      const limits = { cores, memoryBytes: 1e9 };
      const { batchSizes, lanes, decodeThreads, maxQueueSize } = loadSettings(
        { ...withKey, ...env },
        undefined,
        limits,
      );
      const { sizes, isDefault } = batchSizes;
      return [sizes.join(), isDefault, lanes, decodeThreads, maxQueueSize];
    };
    const runtime = { RUNTIME_ADDRESS: "127.0.0.1:8001" };
    const ladder = "1,2,4,8,16,32,64";

    it("gives a CPU a lane a core, which decodes its own pictures", () => {
      assert.deepEqual(derived({}, 4), ["1", true, 4, 0, 64]);
      assert.deepEqual(derived({}, 3.5), ["1", true, 3, 0, 64]);
      assert.deepEqual(derived({}, 0.25), ["1", true, 1, 0, 64]);
      assert.deepEqual(derived({ THREADS_PER_LANE: "2" }, 4), ["1", true, 2, 0, 64]);
      assert.deepEqual(derived({ THREADS_PER_LANE: "8" }, 4), ["1", true, 1, 0, 64]);
    });

    it("gives a GPU two lanes, a ladder of batches and all but two cores of many to decode", () => {
      for (const EXECUTION_PROVIDER of ["cuda", "tensorrt"]) {
        assert.deepEqual(derived({ EXECUTION_PROVIDER }, 16), [ladder, true, 2, 14, 1024]);
        assert.deepEqual(derived({ EXECUTION_PROVIDER }, 3.5), [ladder, true, 2, 2, 1024]);
        assert.deepEqual(derived({ EXECUTION_PROVIDER }, 1), [ladder, true, 2, 1, 1024]);
      }
    });

    it("gives a runtime one call of one picture, and decode threads where it takes more", () => {
      assert.deepEqual(derived(runtime, 4), ["1", true, 1, 0, 64]);
      assert.deepEqual(derived({ ...runtime, LANES: "2" }, 4), ["1", true, 2, 4, 64]);
      assert.deepEqual(derived({ ...runtime, BATCH_SIZES: "8" }, 0.5), ["8", false, 1, 1, 64]);
    });

    it("takes what is set", () => {
      const all = {
        EXECUTION_PROVIDER: "cuda",
        BATCH_SIZES: "1, 8,1024",
        LANES: "3",
        THREADS_PER_LANE: "2",
        DECODE_THREADS: "0",
        GPU_MEMORY_LIMIT: "4000000000",
        ENGINE_CACHE_DIR: "/engines",
        MAX_QUEUE_SIZE: "7",
        MAX_QUEUE_BYTES: "1000",
      };
      assert.deepEqual(pipelineOf(loadSettings({ ...withKey, ...all })), {
        batchSizes: { sizes: [1, 8, 1024], isDefault: false },
        lanes: 3,
        threadsPerLane: 2,
        decodeThreads: 0,
        gpuMemoryLimit: 4_000_000_000,
        engineCacheDir: "/engines",
        maxQueueSize: 7,
        maxQueueBytes: 1000,
      });
    });

    it("lets eight batches of each lane wait where those are more than 64 pictures", () => {
      assert.deepEqual(derived({ BATCH_SIZES: "8", LANES: "1" }, 4)[4], 64);
      assert.deepEqual(derived({ BATCH_SIZES: "1,8", LANES: "2" }, 4)[4], 128);
      assert.deepEqual(derived({ LANES: "16" }, 4)[4], 128);
    });
  });
});
