import koffi from "./koffi";

type Trim = { readonly async: (padding: number, done: () => void) => void };

/** glibc's functions; undefined where the C library is another, which has its own ways. */
const glibc = (() => {
  try {
    const library = koffi.load("libc.so.6");
    return {
      // koffi unloads a library whose object has been collected.
      library,
      trim: library.func("int malloc_trim(size_t padding)") as unknown as Trim,
      exit: library.func("void _exit(int status)") as (status: number) => void,
    };
  } catch {
    return undefined;
  }
})();

/**
 * Gives pages that malloc keeps for later back to the system, in a thread of libuv's pool: glibc returns by itself only what lies at the end
 * of its heaps. https://man7.org/linux/man-pages/man3/malloc_trim.3.html
 */
export function releaseFreeMemory(): void {
  glibc?.trim.async(0, () => undefined);
}

/**
 * Ends the process without a look at its threads. `process.exit` waits for each of them, and one that is in native code cannot be told to come
 * back. https://man7.org/linux/man-pages/man2/_exit.2.html
 */
export function exitAtOnce(status: number): void {
  glibc?.exit(status);
  process.exit(status);
}
