import type { Attack } from "../attack";
import { halfOpen } from "./halfOpen";
import { unread } from "./unread";

/** Every attack, in the order in which they are tried. */
export const attacks: readonly Attack[] = [...unread, ...halfOpen];
