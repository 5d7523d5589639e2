/** koffi as all of the server uses it: it can be set up only before a thread's first library. */
import koffi from "koffi";

/**
 * Stack of a call in bytes, as large as a thread's own: with koffi's 128 kB for asynchronous calls, opening a
 * session on a GPU ends the process.
 */
const stackBytes = 8 * 1024 * 1024;

koffi.config({ sync_stack_size: stackBytes, async_stack_size: stackBytes });

export default koffi;
