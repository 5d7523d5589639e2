/** A runtime that answers [1,1000] zeros at once, for a model with an input [n,3,224,224]: what is left is the way there and back. Argument: address. */
import {
  Server,
  ServerCredentials,
  type sendUnaryData,
} from "../../scoring-image/node_modules/@grpc/grpc-js";
import { loadProto, serviceOf } from "../../scoring-image/src/proto/protos";

const answer = (message: object) => (_call: unknown, reply: sendUnaryData<object>) =>
  reply(null, message);

const server = new Server();
server.addService(serviceOf(loadProto("open_inference.proto"), "inference.GRPCInferenceService"), {
  ServerLive: answer({ live: true }),
  ServerReady: answer({ ready: true }),
  ModelReady: answer({ ready: true }),
  ModelMetadata: answer({
    inputs: [{ name: "images", datatype: "FP32", shape: [-1, 3, 224, 224] }],
    outputs: [{ name: "logits", datatype: "FP32", shape: [-1, 1000] }],
  }),
  ModelInfer: answer({
    outputs: [{ name: "logits", datatype: "FP32", shape: [1, 1000] }],
    raw_output_contents: [Buffer.alloc(4000)],
  }),
});
server.bindAsync(process.argv[2] as string, ServerCredentials.createInsecure(), (error) => {
  if (error) throw error;
});
