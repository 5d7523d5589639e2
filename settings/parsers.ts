/** Reads one configuration value, which Pulumi hands over as text (JSON for arrays and objects). */
export interface Parser<T> {
  /** Completes the sentence "KEY is VALUE: it must be ...". */
  readonly allowed: string;
  /** A value that passes, for the line that mends the setting. */
  readonly example: string;
  /** The value, or undefined when the text is not allowed. */
  readonly parse: (text: string) => T | undefined;
}

/** One of a few words. */
export const oneOf = <const T extends string>(...words: readonly T[]): Parser<T> => ({
  allowed: `one of ${words.join(", ")}`,
  example: words[0] ?? "",
  parse: (text) => words.find((word) => word === text),
});

/** A whole number within bounds, both included. */
export const whole = (min: number, max: number): Parser<number> => ({
  allowed: `a whole number from ${min} to ${max}`,
  example: String(min),
  parse: (text) =>
    /^-?\d{1,15}$/.test(text) && Number(text) >= min && Number(text) <= max
      ? Number(text)
      : undefined,
});

/** A number with a decimal point, kept as text by Pulumi, which knows no such type. */
export const decimal = (min: number, max: number): Parser<number> => ({
  allowed: `a number from ${min} to ${max}`,
  example: String(Math.max(min, 1)),
  parse: (text) =>
    /^\d{1,6}(\.\d{1,3})?$/.test(text) && Number(text) >= min && Number(text) <= max
      ? Number(text)
      : undefined,
});

/** Whole numbers within bounds, separated by commas, the smallest first and none of them twice. */
export const ascending = (min: number, max: number): Parser<readonly number[]> => {
  const item = whole(min, max);
  return {
    allowed: `whole numbers from ${min} to ${max} separated by commas, each above the last`,
    example: `${min},${Math.min(max, min + 7)}`,
    parse: (text) => {
      const numbers = text.split(",").map((part) => item.parse(part.trim()));
      return numbers.every(
        (number, i) => number !== undefined && (i === 0 || number > (numbers[i - 1] ?? max)),
      )
        ? (numbers as number[])
        : undefined;
    },
  };
};

/** True or false. */
export const flag: Parser<boolean> = {
  allowed: "true or false",
  example: "true",
  parse: (text) => (text === "true" ? true : text === "false" ? false : undefined),
};

/** Text of a given form. */
export const text = (pattern: RegExp, allowed: string, example: string): Parser<string> => ({
  allowed,
  example,
  parse: (value) => (pattern.test(value) ? value : undefined),
});

/** The same value or nothing: the empty text, which is every optional key's default, becomes undefined. */
export const optional = <T>({
  allowed,
  example,
  parse,
}: Parser<T>): Parser<{ readonly value: T | undefined }> => ({
  allowed: `empty or ${allowed}`,
  example,
  parse: (value) => {
    if (value === "") return { value: undefined };
    const parsed = parse(value);
    return parsed === undefined ? undefined : { value: parsed };
  },
});

/** A list of texts, each of a given form. */
export const list = ({ allowed, example, parse }: Parser<string>): Parser<readonly string[]> => ({
  allowed: `a list, each item ${allowed}`,
  example: JSON.stringify([example]),
  parse: (value) => {
    const items = fromJson(value);
    return Array.isArray(items) &&
      items.every((item) => typeof item === "string" && parse(item) !== undefined)
      ? (items as string[])
      : undefined;
  },
});

/** Names with texts, as tags are. */
export const texts = (most: number, allowed: string): Parser<Readonly<Record<string, string>>> => ({
  allowed,
  example: '{"team":"vision"}',
  parse: (value) => {
    const object = fromJson(value);
    if (typeof object !== "object" || object === null || Array.isArray(object)) return undefined;
    const entries = Object.entries(object as Record<string, unknown>);
    return entries.length <= most &&
      entries.every(
        ([name, content]) =>
          /^[^<>%&\\?/]{1,512}$/.test(name) && typeof content === "string" && content.length <= 256,
      )
      ? (object as Record<string, string>)
      : undefined;
  },
});

function fromJson(value: string): unknown {
  try {
    return JSON.parse(value) as unknown;
  } catch {
    return undefined;
  }
}
