import { paths } from "../../contract";
import { classificationOutput } from "../../inference/classification";
import type { ModelPackage } from "../../model/modelPackage";

type Json = Readonly<Record<string, unknown>>;

/** Statuses of a scoring call other than 200, in the words of the documents. */
const failures: Readonly<Record<string, string>> = {
  "400": "Not a picture, truncated, corrupt, too many pixels, or a wrong query",
  "401": "Key missing or not valid",
  "405": "Method other than POST",
  "408": "The body did not arrive in time",
  "413": "The body is too large",
  "415": "A picture format or media type that is not supported",
  "431": "A request id is longer than 100 characters",
  "500": "The server failed",
  "502": "The model or the entry script failed",
  "503":
    "Overloaded, not ready, or the thread that scored the picture died; try again after Retry-After seconds",
  "504": "Not scored in time",
};

const errorSchema: Json = {
  type: "object",
  required: ["error"],
  properties: {
    error: {
      type: "object",
      required: ["code", "message", "requestId"],
      properties: {
        code: { type: "string" },
        message: { type: "string" },
        requestId: { type: "string" },
      },
    },
  },
};

const topSchema: Json = { type: "integer", minimum: 1, maximum: 1000 };
const topDescription =
  "Answer with the so many most probable classes, labelled; of a detector, with so many boxes";

const classSchema: Json = {
  type: "object",
  required: ["label", "index", "probability"],
  properties: {
    label: { type: "string" },
    index: { type: "integer" },
    probability: { type: "number" },
  },
};

const detectionSchema: Json = {
  type: "object",
  required: ["label", "index", "score", "box"],
  properties: {
    label: { type: "string" },
    index: { type: "integer" },
    score: { type: "number" },
    box: {
      type: "object",
      description: "In pixels of the picture, seen upright",
      required: ["left", "top", "right", "bottom"],
      properties: {
        left: { type: "number" },
        top: { type: "number" },
        right: { type: "number" },
        bottom: { type: "number" },
      },
    },
  },
};

const row = (items: Json): Json => ({ type: "array", items: { type: "array", items } });

/** OpenAPI 3.0 describes the two forms of a classifier's answer by oneOf; Swagger 2 has no such thing. */
function answerSchema(model: ModelPackage, mayChoose: boolean): Json {
  if (model.detection) return row(detectionSchema);
  if (!classificationOutput(model)) return {};
  const plain = row({ type: "number" });
  return mayChoose ? { oneOf: [plain, row(classSchema)] } : { type: "array", items: {} };
}

const info = ({ name, version, description }: ModelPackage): Json => ({
  title: name,
  version,
  description,
});

const binary = ["application/octet-stream", "image/jpeg", "image/png"];

const scoringPaths = (serviceName: string) => [paths.score, paths.serviceScore(serviceName)];

/** Swagger 2.0, served by default as the reference container did; https://swagger.io/specification/v2/ */
export function swaggerDocument(model: ModelPackage, serviceName: string): Json {
  const responses = Object.fromEntries(
    Object.entries(failures).map(([status, description]) => [
      status,
      { description, schema: status === "405" ? {} : errorSchema },
    ]),
  );
  const post = {
    summary: `Score a picture with ${model.name}`,
    consumes: binary,
    produces: ["application/json"],
    security: [{ Bearer: [] }],
    parameters: [
      { name: "top", in: "query", required: false, description: topDescription, ...topSchema },
      { name: "picture", in: "body", required: true, schema: { type: "string", format: "binary" } },
    ],
    responses: {
      "200": { description: "The scores", schema: answerSchema(model, false) },
      ...responses,
    },
  };
  return {
    swagger: "2.0",
    info: info(model),
    schemes: ["http", "https"],
    securityDefinitions: { Bearer: { type: "apiKey", name: "Authorization", in: "header" } },
    paths: Object.fromEntries(scoringPaths(serviceName).map((path) => [path, { post }])),
  };
}

/** OpenAPI 3.0, on `?version=3`; https://spec.openapis.org/oas/v3.0.3 */
export function openApiDocument(model: ModelPackage, serviceName: string): Json {
  const responses = Object.fromEntries(
    Object.entries(failures).map(([status, description]) => [
      status,
      { description, content: { "application/json": { schema: errorSchema } } },
    ]),
  );
  const body = { schema: { type: "string", format: "binary" } };
  const post = {
    summary: `Score a picture with ${model.name}`,
    security: [{ Bearer: [] }],
    parameters: [{ name: "top", in: "query", description: topDescription, schema: topSchema }],
    requestBody: {
      required: true,
      content: Object.fromEntries(binary.map((type) => [type, body])),
    },
    responses: {
      "200": {
        description: "The scores",
        content: { "application/json": { schema: answerSchema(model, true) } },
      },
      ...responses,
    },
  };
  return {
    openapi: "3.0.3",
    info: info(model),
    components: { securitySchemes: { Bearer: { type: "http", scheme: "bearer" } } },
    paths: Object.fromEntries(scoringPaths(serviceName).map((path) => [path, { post }])),
  };
}
