import koffi from "../koffi";

type Trim = { readonly async: (padding: number, done: () => void) => void };

/** glibc's; undefined where the C library is another, which has its own ways. */
const trim = ((): Trim | undefined => {
  try {
    return koffi.load("libc.so.6").func("int malloc_trim(size_t padding)");
  } catch {
    return undefined;
  }
})();

/**
 * Gives pages that malloc keeps for later back to the system, in a thread of libuv's pool: glibc returns by itself only what lies at the end
 * of its heaps. https://man7.org/linux/man-pages/man3/malloc_trim.3.html
 */
export function releaseFreeMemory(): void {
  trim?.async(0, () => undefined);
}
