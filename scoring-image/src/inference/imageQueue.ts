import type { InputImage } from "./messages";
import type { PendingRequest } from "./pendingRequest";

/** A picture that waits for a session worker. */
export interface QueuedImage {
  readonly image: InputImage;
  readonly request: PendingRequest;
  /** Place of the picture in its request. */
  readonly index: number;
  /** `performance.now()` time of its arrival. */
  readonly queuedAt: number;
}

/** Bytes that a picture or tensor holds while it waits. */
export const sizeOf = (image: InputImage): number =>
  ("bytes" in image ? image.bytes : image.values).byteLength;

/** First come, first served. It knows its own bytes at any time: every request asks for them. */
export class ImageQueue {
  #entries: QueuedImage[] = [];
  #bytes = 0;

  /** Number of pictures. */
  get length(): number {
    return this.#entries.length;
  }

  /** Bytes of all pictures together. */
  get bytes(): number {
    return this.#bytes;
  }

  /** What has waited longest; undefined when nothing waits. */
  get oldest(): QueuedImage | undefined {
    return this.#entries[0];
  }

  push(entry: QueuedImage): void {
    this.#entries.push(entry);
    this.#bytes += sizeOf(entry.image);
  }

  /** Takes out the oldest, at most `count` of them. */
  take(count: number): QueuedImage[] {
    return this.#released(this.#entries.splice(0, count));
  }

  /** Takes out all pictures of a request. */
  remove(request: PendingRequest): void {
    const gone = this.#entries.filter((entry) => entry.request === request);
    this.#entries = this.#entries.filter((entry) => entry.request !== request);
    this.#released(gone);
  }

  #released(entries: QueuedImage[]): QueuedImage[] {
    for (const { image } of entries) this.#bytes -= sizeOf(image);
    return entries;
  }
}
