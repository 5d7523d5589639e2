import { MapField, Type, type Field } from "protobufjs";

/** What the wire format of a message may hold, by the numbers of its fields. */
export type MessageSchema = ReadonlyMap<number, FieldSchema>;

/** One field; of numbers, the fewest bytes that one takes in a packed list. */
export type FieldSchema =
  | { readonly kind: "message"; readonly schema: MessageSchema }
  | { readonly kind: "bytes" }
  | { readonly kind: "number"; readonly bytes: number };

/** Scalars of fixed width; all others are varints of a byte or more. */
const widths: Readonly<Record<string, number>> = {
  ...{ float: 4, fixed32: 4, sfixed32: 4 },
  ...{ double: 8, fixed64: 8, sfixed64: 8 },
};

/** The schema of a message type, those within it included. @param known schemas that are there already, for types that hold themselves */
export function messageSchema(type: Type, known = new Map<Type, MessageSchema>()): MessageSchema {
  const made = known.get(type);
  if (made) return made;
  const schema = new Map<number, FieldSchema>();
  known.set(type, schema);
  for (const field of type.fieldsArray) schema.set(field.id, fieldSchema(field, known));
  return schema;
}

function fieldSchema(field: Field, known: Map<Type, MessageSchema>): FieldSchema {
  const { type, resolvedType } = field;
  const value: FieldSchema =
    resolvedType instanceof Type
      ? { kind: "message", schema: messageSchema(resolvedType, known) }
      : type === "string" || type === "bytes"
        ? { kind: "bytes" }
        : { kind: "number", bytes: widths[type] ?? 1 };
  // An entry of a map is a message whose fields are the key and the value.
  return field instanceof MapField
    ? {
        kind: "message",
        schema: new Map([
          [1, { kind: "bytes" }],
          [2, value],
        ]),
      }
    : value;
}
