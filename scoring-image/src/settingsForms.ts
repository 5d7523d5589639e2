import { z } from "zod";
import { keyForm, keyRule } from "./security/keys";

/** One setting: its default, what it means and what is allowed. */
export interface Definition<T> {
  /** Value used when the variable is absent or empty; undefined when there is none. */
  readonly default: string | undefined;
  readonly description: string;
  readonly schema: z.ZodType<T, string | undefined>;
}

/** Every setting of a table as its schema reads it. */
export type ValuesOf<T extends Readonly<Record<string, Definition<unknown>>>> = {
  readonly [K in keyof T]: z.output<T[K]["schema"]>;
};

/** Puts a setting together. @param fallback its default, as the environment would have it */
export const define = <T>(
  fallback: string | undefined,
  description: string,
  schema: z.ZodType<T, string | undefined>,
): Definition<T> => ({ default: fallback, description, schema });

/** Any text. */
export const text = z.string();

/** A whole number, written in decimal digits. */
export const whole = (min: number, max: number) =>
  z
    .string()
    .refine((value) => isWhole(value, min, max), {
      error: `must be a whole number from ${min} to ${max}`,
    })
    .transform(Number);

const isWhole = (value: string, min: number, max: number) =>
  /^\d{1,15}$/.test(value) && Number(value) >= min && Number(value) <= max;

/** `true` or `false`. */
export const flag = z
  .enum(["true", "false"], "must be true or false")
  .transform((value) => value === "true");

/** A TCP port; 0 takes a free one. */
export const port = whole(0, 65535);

const itemsOf = (value: string) => value.split(",").map((item) => item.trim());

/** Texts separated by commas; empty ones are left out. */
export const commaSeparated = z.string().transform((value) => itemsOf(value).filter(Boolean));

/** A time of at most a day, in milliseconds. */
export const milliseconds = whole(0, 86_400_000);

/** Batch sizes in pictures, separated by commas, the smallest first. */
export const batchSizes = z
  .string()
  .refine(
    (value) => {
      const items = itemsOf(value);
      return items.every(
        (item, i) => isWhole(item, 1, 1024) && (i === 0 || Number(item) > Number(items[i - 1])),
      );
    },
    { error: "must be whole numbers from 1 to 1024 separated by commas, each above the last" },
  )
  .transform((value): readonly number[] => itemsOf(value).map(Number));

/** A key, or none. */
export const key = z.string().regex(keyForm, keyRule).optional();

/** Path of a file, or none. */
export const file = z.string().optional();

/**
 * Keys and configuration of an issuer must come from whom they say; on this machine itself nobody
 * can stand between.
 */
export const issuerUrl = z
  .string()
  .refine(
    (value) =>
      /^(https:\/\/|http:\/\/(127\.0\.0\.1|localhost)[:/])/.test(value) && URL.canParse(value),
    { error: "must be an https:// address" },
  )
  .optional();
