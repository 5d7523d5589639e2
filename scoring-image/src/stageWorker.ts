/** Entry point of the pipeline's threads: lanes and decode threads. */
import { openRuntime } from "./inference/runtimes/open";
import { serveStages } from "./inference/threads/serve";
import { renderers } from "./protocols/renderers";

void serveStages({ openRuntime, renderers });
