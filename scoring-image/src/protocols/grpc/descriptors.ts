import { readFileSync } from "node:fs";
import path from "node:path";
import { common, Enum, MapField, parse, Root, Service, Type } from "protobufjs";
import { FileDescriptorProto } from "protobufjs/ext/descriptor";
import { protoFolder } from "../../proto/protos";

/** What is used here of google/protobuf/descriptor.proto. */
interface FieldDescriptor {
  readonly name: string;
  typeName?: string;
}

interface MessageDescriptor {
  name: string;
  readonly field: FieldDescriptor[];
  readonly nestedType: MessageDescriptor[];
  readonly enumType: EnumDescriptor[];
}

interface EnumDescriptor {
  readonly name: string;
  readonly value: { readonly name: string }[];
}

interface ServiceDescriptor {
  readonly name: string;
  readonly method: { readonly name: string }[];
}

/** protobufjs/ext/descriptor adds this method, but does not declare it. */
interface Describable<Descriptor> {
  toDescriptor(edition: "proto3"): Descriptor;
}

const described = <Descriptor>(object: Type | Enum | Service) =>
  (object as unknown as Describable<Descriptor>).toDescriptor("proto3");

interface DescribedFile {
  readonly dependency: readonly string[];
  /** A serialised google.protobuf.FileDescriptorProto. */
  readonly bytes: Buffer;
}

/**
 * Descriptors of `.proto` files and of all that they import, as protoc makes them. protobufjs describes packages instead of files, names no imports
 * and gives the entries of maps names that other libraries refuse; what it says of messages, enums and services is right.
 */
export class Descriptors {
  readonly #files = new Map<string, DescribedFile>();
  /** Names of files by the full names of what they declare. */
  readonly #symbols = new Map<string, string>();
  readonly #messages = new Set<string>();

  /** @param names paths in `proto/` */
  constructor(names: readonly string[]) {
    const root = new Root();
    const parsed = new Map<string, ParsedFile>();
    for (const name of names) parseFile(root, name, parsed);
    root.resolveAll();
    for (const [name, file] of parsed) this.#describe(name, file);
  }

  /** A file, and after it all that it imports; undefined when it is not known. */
  file(name: string): Buffer[] | undefined {
    const found = new Set<string>();
    const visit = (wanted: string) => {
      if (found.has(wanted)) return;
      found.add(wanted);
      this.#files.get(wanted)?.dependency.forEach(visit);
    };
    visit(name);
    return this.#files.has(name)
      ? Array.from(found, (each) => (this.#files.get(each) as DescribedFile).bytes)
      : undefined;
  }

  /** The name of the file that declares a message, field, enum, enum value, service or method, by its full name. */
  fileOf(symbol: string): string | undefined {
    return this.#symbols.get(symbol);
  }

  /** Whether a full name is that of a message. */
  isMessage(symbol: string): boolean {
    return this.#messages.has(symbol);
  }

  #describe(name: string, { package: inside, dependency, objects }: ParsedFile): void {
    const messageType = objects.filter((object) => object instanceof Type).map(describeMessage);
    const enumType = objects
      .filter((object) => object instanceof Enum)
      .map((object) => described<EnumDescriptor>(object));
    const service = objects
      .filter((object) => object instanceof Service)
      .map((object) => described<ServiceDescriptor>(object));
    const file = { name, package: inside, dependency, syntax: "proto3" };
    const bytes = FileDescriptorProto.encode({ ...file, messageType, enumType, service }).finish();
    this.#files.set(name, { dependency, bytes: Buffer.from(bytes) });
    const declare = (symbol: string) => this.#symbols.set(symbol, name);
    for (const message of messageType) this.#declareMessage(inside, message, declare);
    for (const each of enumType) declareEnum(inside, each, declare);
    for (const each of service) {
      declare(`${inside}.${each.name}`);
      for (const method of each.method) declare(`${inside}.${each.name}.${method.name}`);
    }
  }

  #declareMessage(scope: string, message: MessageDescriptor, declare: Declare): void {
    const symbol = `${scope}.${message.name}`;
    declare(symbol);
    this.#messages.add(symbol);
    for (const { name } of message.field) declare(`${symbol}.${name}`);
    for (const inner of message.nestedType) this.#declareMessage(symbol, inner, declare);
    for (const inner of message.enumType) declareEnum(symbol, inner, declare);
  }
}

type Declare = (symbol: string) => void;

/** The values of an enum are siblings of it. */
function declareEnum(scope: string, { name, value }: EnumDescriptor, declare: Declare): void {
  declare(`${scope}.${name}`);
  for (const each of value) declare(`${scope}.${each.name}`);
}

interface ParsedFile {
  readonly package: string;
  readonly dependency: readonly string[];
  readonly objects: readonly (Type | Enum | Service)[];
}

function parseFile(root: Root, name: string, files: Map<string, ParsedFile>): void {
  if (files.has(name)) return;
  const bundled = common.get(name);
  if (bundled) {
    // Google's own files come with protobufjs, ready parsed.
    root.addJSON(bundled.nested ?? {});
    const inside = "google.protobuf";
    const names = Object.keys(Root.fromJSON(bundled).lookup(inside)?.toJSON()["nested"] as object);
    const objects = names.map((each) => root.lookup(`${inside}.${each}`) as Type);
    files.set(name, { package: inside, dependency: [], objects });
    return;
  }
  const source = readFileSync(path.join(protoFolder, name), "utf8");
  const { package: inside = "", imports = [] } = parse(source, root, { keepCase: true });
  const known = new Set([...files.values()].flatMap((file) => file.objects) as object[]);
  const objects = root.define(inside).nestedArray.filter((object) => !known.has(object));
  files.set(name, { package: inside, dependency: imports, objects: objects as Type[] });
  for (const each of imports) parseFile(root, each, files);
}

function describeMessage(type: Type): MessageDescriptor {
  const message = described<MessageDescriptor>(type);
  complete(type, message);
  return message;
}

/** As protoc names the entries of the map `signature_def`: `SignatureDef`. */
const camelCase = (name: string) =>
  name.replace(/(?:^|_+)([a-z]?)/g, (_, letter: string) => letter.toUpperCase());

/** Gives types their full names, and the entries of maps theirs. */
function complete(type: Type, message: MessageDescriptor): void {
  type.fieldsArray.forEach((field, i) => {
    const target = field.resolvedType?.fullName;
    const descriptor = message.field[i] as FieldDescriptor;
    if (field instanceof MapField) {
      const entry = message.nestedType.find(({ name }) => name === descriptor.typeName);
      if (!entry) return;
      entry.name = `${camelCase(field.name)}Entry`;
      descriptor.typeName = `${type.fullName}.${entry.name}`;
      if (target) (entry.field[1] as FieldDescriptor).typeName = target;
    } else if (target) descriptor.typeName = target;
  });
  for (const inner of type.nestedArray) {
    const nested = message.nestedType.find(({ name }) => name === inner.name);
    if (inner instanceof Type && nested) complete(inner, nested);
  }
}
