import type { Attack } from "../attack";
import { call, framed, methods, openSession } from "../grpcCall";
import { compressed, post, predictPath } from "../httpPost";
import { emptyFields, field, mapEntries, varint } from "../protobuf";
import type { Wire } from "../wire";

const seconds = 8;

/** Two at a time, eight in all: one is enough where the decoder has no bound. */
const atOnce = 2;
const most = 8;

/** Entries of two bytes each: 15.8 MB, just below the largest message. */
const crowd = 7_900_000;

const message = (method: string, make: () => Buffer) => async (wire: Wire) => {
  const parts = [framed(make(), true)];
  const one = { method, parts, isCompressed: true, ends: true };
  await wire.repeat(atOnce, async () => call(wire, await openSession(wire), one), most);
};

const json = (make: () => string) => async (wire: Wire) => {
  const parts = [compressed(Buffer.from(make()))];
  const one = { path: predictPath, parts, isCompressed: true };
  await wire.repeat(atOnce, () => post(wire, one), most);
};

/** `output_filter` and `inputs` of PredictRequest, `inputs` and `parameters` of ModelInferRequest, values of TensorProto. */
const fields = {
  ...{ outputFilter: 3, predictInputs: 2, inputs: 5, parameters: 4 },
  ...{ floatVal: 5, stringVal: 8 },
} as const;

/** A PredictRequest whose tensor has 7.9 million values, or packed runs of values, without a byte. */
function crowdedTensor(number: number, dtype: number): Buffer {
  const shape = field(2, Buffer.concat([1, 3, 224, 224].map(dimension)));
  const tensor = Buffer.concat([Buffer.from([8, dtype]), shape, emptyFields(number, crowd)]);
  return field(fields.predictInputs, Buffer.concat([field(1, "images"), field(2, tensor)]));
}

const dimension = (size: number) => field(2, Buffer.concat([Buffer.from([8]), varint(size)]));

const tooMuch = ["gRPC 3", "gRPC 8", "gRPC 14", "closed"];
const badJson = ["400", "413", "503", "closed"];

const overGrpc = (name: string, what: string, run: Attack["run"]): readonly Attack[] => [
  {
    ...{ name, what, over: "gRPC", hasKey: true, transports: ["clear"], seconds, run },
    ...{ outcomes: tooMuch, refusals: tooMuch },
  },
  {
    ...{ name: `${name} without a key`, what, over: "gRPC", hasKey: false, transports: ["clear"] },
    ...{ seconds, run, outcomes: ["gRPC 16", ...tooMuch], refusals: ["gRPC 16", ...tooMuch] },
  },
];

const overHttp = (name: string, what: string, run: Attack["run"]): Attack => ({
  ...{ name, what, over: "HTTP", hasKey: true, transports: ["clear"], seconds, run },
  ...{ outcomes: badJson, refusals: badJson },
});

/** `[NaN,"` and so many quotation marks behind backslashes: the text never ends. */
const unendingText = (quotes: number) => `[NaN,"${'\\"'.repeat(quotes)}`;

export const crowded: readonly Attack[] = [
  ...overGrpc(
    "crowded outputs",
    "Predict with 7.9 million empty names in output_filter, 15 KB in gzip",
    message(methods.predict, () => emptyFields(fields.outputFilter, crowd)),
  ),
  ...overGrpc(
    "crowded texts of a tensor",
    "Predict with 7.9 million empty values in string_val, 15 KB in gzip",
    message(methods.predict, () => crowdedTensor(fields.stringVal, 7)),
  ),
  ...overGrpc(
    "crowded runs of a tensor",
    "Predict with 7.9 million packed runs without values in float_val, 15 KB in gzip",
    message(methods.predict, () => crowdedTensor(fields.floatVal, 1)),
  ),
  ...overGrpc(
    "crowded dimensions of a tensor",
    "Predict with 7.9 million dimensions of a tensor, 15 KB in gzip",
    message(methods.predict, () => {
      const tensor = field(2, emptyFields(2, crowd));
      return field(fields.predictInputs, Buffer.concat([field(1, "images"), field(2, tensor)]));
    }),
  ),
  ...overGrpc(
    "crowded examples",
    "Classify with 7.9 million empty examples, 15 KB in gzip",
    message(methods.classify, () => field(2, field(1, emptyFields(1, crowd)))),
  ),
  {
    name: "crowded checks",
    what: "Health.Check that names a service 7.9 million times, 15 KB in gzip",
    ...{ over: "gRPC", hasKey: false, transports: ["clear"], seconds },
    ...{ outcomes: tooMuch, refusals: tooMuch },
    run: message(methods.check, () => emptyFields(1, crowd)),
  },
  ...overGrpc(
    "crowded inputs",
    "ModelInfer with 7.9 million empty inputs, 15 KB in gzip",
    message(methods.modelInfer, () => emptyFields(fields.inputs, crowd)),
  ),
  ...overGrpc(
    "crowded maps",
    "ModelInfer with a million parameters of different names",
    message(methods.modelInfer, () => mapEntries(fields.parameters, 1_000_000)),
  ),
  overHttp(
    "crowded arrays",
    "5 million empty arrays in JSON, 15 KB in gzip",
    json(() => `{"instances":[${"[],".repeat(5_000_000)}[]]}`),
  ),
  overHttp(
    "crowded texts",
    "5 million empty texts in JSON, 15 KB in gzip",
    json(() => `{"instances":[${'"",'.repeat(5_000_000)}""]}`),
  ),
  overHttp(
    "endless texts",
    "12 bodies of 32 KB and 4 of 500 KB, all NaN and quotation marks behind backslashes, 76 to 600 bytes in gzip",
    async (wire) => {
      const bodies = [15_900, 250_000].map((quotes) =>
        compressed(Buffer.from(unendingText(quotes))),
      );
      const send = (body: Buffer) => () =>
        post(wire, { path: predictPath, parts: [body], isCompressed: true });
      await Promise.all([
        wire.each(12, send(bodies[0] as Buffer)),
        wire.each(4, send(bodies[1] as Buffer)),
      ]);
    },
  ),
];
