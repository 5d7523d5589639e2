import type { Attack } from "../attack";
import { bulk } from "./bulk";
import { compressed } from "./compressed";
import { crowded } from "./crowded";
import { fuzz } from "./fuzz";
import { gone } from "./gone";
import { halfOpen } from "./halfOpen";
import { pictures } from "./pictures";
import { silent } from "./silent";
import { stopping } from "./stopping";
import { unfinished } from "./unfinished";
import { unread } from "./unread";

/** Every attack, in the order in which they are tried. */
export const attacks: readonly Attack[] = [
  ...unread,
  ...gone,
  ...halfOpen,
  ...silent,
  ...unfinished,
  ...crowded,
  ...compressed,
  ...pictures,
  ...bulk,
  ...fuzz,
  ...stopping,
];
