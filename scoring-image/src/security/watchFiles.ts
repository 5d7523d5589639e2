import { unwatchFile, watchFile } from "node:fs";

/** Kubernetes itself takes up to a minute to bring a changed Secret into a pod. */
const checkEveryMs = 1000;

/**
 * Calls `onChange` after one of the files has changed, once for each that has. It asks for their state again and again, as
 * Kubernetes changes a mounted Secret by swapping a symlink above the files, which a watch of the files does not see.
 * @returns ends the watch
 */
export function watchFiles(files: readonly string[], onChange: () => void): () => void {
  const listener = () => onChange();
  for (const file of files)
    watchFile(file, { interval: checkEveryMs, persistent: false }, listener);
  return () => {
    for (const file of files) unwatchFile(file, listener);
  };
}
