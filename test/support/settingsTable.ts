import { definitions, type Key } from "../../settings/definitions";
import { declarations } from "./stack";

const cell = (text: string) => text.replaceAll("|", "\\|");

/** The settings table of docs/settings.md, from Pulumi.yaml and what settings.ts allows. */
export function settingsTable(): string[] {
  const rows = Object.entries(declarations()).map(([key, { default: value, description }]) => {
    const shown =
      value === "" ? "" : `\`${typeof value === "string" ? value : JSON.stringify(value)}\``;
    const { allowed } = definitions[key as Key];
    return `| \`${key}\` | ${shown} | ${cell(allowed)} | ${cell(description)} |`;
  });
  return ["| Key | Default | Allowed | Meaning |", "| --- | --- | --- | --- |", ...rows];
}
