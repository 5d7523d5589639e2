/** A published ONNX file of the model catalogue. */
export interface ZooModel {
  /** Name of the model package; lower-case letters, digits and hyphens. */
  readonly name: string;
  /** File name in the ONNX Model Zoo. */
  readonly file: string;
  readonly bytes: number;
  /** Of the file, in hexadecimal; the zoo's own Git LFS pointer has it. */
  readonly sha256: string;
  readonly description: string;
  readonly kind: "logits" | "detections";
  /** Side of the square input in pixels. */
  readonly side: number;
  /** Names of the reference system's tensors, beside the preview's `images` and `output_alias`. */
  readonly inputAliases: readonly string[];
  readonly outputAliases: readonly string[];
  /** A detector's output tensors: corners left, top, right, bottom as fractions, and COCO's classes, 0 being the background. */
  readonly detection?: {
    readonly boxes: string;
    readonly scores: string;
    readonly classes: string;
  };
}

/** Where the files are: `{stem}` is the file's name without its ending. Apache-2.0, as the zoo itself. */
export const zooAddress = "https://huggingface.co/onnxmodelzoo/{stem}/resolve/main/{file}";

const classifier = (
  file: string,
  bytes: number,
  sha256: string,
  names: {
    readonly name: string;
    readonly title: string;
    readonly top1: string;
    readonly output: string;
  },
): ZooModel => ({
  name: names.name,
  file,
  bytes,
  sha256,
  description: `${names.title}, 1000 classes of ImageNet; the zoo states ${names.top1}`,
  kind: "logits",
  side: 224,
  inputAliases: ["images", "Placeholder:0", "InputImage:0"],
  outputAliases: ["output_alias", names.output],
});

const resnet50 = "classifier/resnet_v1_50/predictions/Softmax:0";
const densenet121 = "classifier/densenet121/predictions/Softmax:0";
const vgg16 = "classifier/vgg_16/fc8/squeezed:0";

/** The reference system's networks as the ONNX Model Zoo publishes them. */
export const modelZoo: readonly ZooModel[] = [
  classifier(
    "resnet50-v1-12.onnx",
    102_576_593,
    "3f03fdef724b22947eed826f1eef1dc5c34151bb4c37d634f1db89dfa2dd1526",
    { name: "resnet50", title: "ResNet-50 v1", top1: "74.97 % top-1", output: resnet50 },
  ),
  classifier(
    "resnet50-v1-12-int8.onnx",
    25_816_052,
    "c234f30975989788b4405f25253275aae247ab6dbdd34aaa69ab0a59ff76f6d0",
    { name: "resnet50-int8", title: "ResNet-50 v1, int8", top1: "74.77 % top-1", output: resnet50 },
  ),
  classifier(
    "resnet50-v1-12-qdq.onnx",
    25_753_167,
    "e6429d274805654c79ba68dc886c1efd4eff95393e747c35d3fdab579febd8a0",
    {
      name: "resnet50-qdq",
      title: "ResNet-50 v1, int8 as QDQ",
      top1: "74.43 % top-1",
      output: resnet50,
    },
  ),
  classifier(
    "resnet152-v1-7.onnx",
    241_816_206,
    "b0ec92437bf8c9d0739bf9bafdea9638e13f9e3c1e2fb766ad546cc182fd3f6d",
    {
      name: "resnet152",
      title: "ResNet-152 v1",
      top1: "77.11 % top-1",
      output: "classifier/resnet_v1_152/predictions/Softmax:0",
    },
  ),
  classifier(
    "densenet-12.onnx",
    32_726_877,
    "0294e7e88e5b3360de9b0fdc321baf9e6ef18b7f058c4536caae3b9f18ed9ed5",
    { name: "densenet121", title: "DenseNet-121", top1: "60.96 % top-1", output: densenet121 },
  ),
  classifier(
    "densenet-12-int8.onnx",
    8_901_304,
    "22ab62382b43c2757d84832bf7db13569ab22073d2b1c086ab5669be46d89016",
    {
      name: "densenet121-int8",
      title: "DenseNet-121, int8",
      top1: "no accuracy",
      output: densenet121,
    },
  ),
  classifier(
    "vgg16-12.onnx",
    553_437_752,
    "722c42f53ca03a5480296bf8f9c85a151de3eed9ec982d7d2302ff6e2900c67b",
    { name: "vgg16", title: "VGG-16", top1: "72.38 % top-1", output: vgg16 },
  ),
  classifier(
    "vgg16-12-int8.onnx",
    138_407_238,
    "0d0a8e1d69f70404421e37dbad4f8bd21d42758e9f426bd5b39e9e4e9e1afa23",
    { name: "vgg16-int8", title: "VGG-16, int8", top1: "72.32 % top-1", output: vgg16 },
  ),
  {
    name: "ssd",
    file: "ssd-12.onnx",
    bytes: 80_366_315,
    sha256: "5ec1e058e666ef980a6213ac40088877865aafb2b6676b9af204b3828e4bb9d5",
    description: "SSD with a ResNet-34 backbone, 80 classes of COCO; the zoo states mAP 0.19",
    kind: "detections",
    side: 1200,
    inputAliases: ["images", "Placeholder:0", "InputImage:0"],
    outputAliases: [],
    detection: { boxes: "bboxes", scores: "scores", classes: "labels" },
  },
];
