/**
 * A queue in which each owner gets its turn: one item of each, the longest waiting owner first. An owner with many items delays one with a
 * single item by no more than the item that is being taken. Among owners of one item it is first come, first served.
 */
export class FairQueue<Owner, Item> {
  /** In the order of their turns. */
  readonly #owners = new Map<Owner, Item[]>();
  #length = 0;

  /** Number of items. */
  get length(): number {
    return this.#length;
  }

  /** All items, in no order that matters. */
  *items(): IterableIterator<Item> {
    for (const items of this.#owners.values()) yield* items;
  }

  push(owner: Owner, item: Item): void {
    const items = this.#owners.get(owner);
    if (items) items.push(item);
    else this.#owners.set(owner, [item]);
    this.#length++;
  }

  /**
   * Takes out the next item; undefined when there is none.
   * @param mayTake whether an owner may have its turn now; others keep theirs
   */
  shift(mayTake: (owner: Owner) => boolean = () => true): Item | undefined {
    for (const [owner, items] of this.#owners) {
      if (!mayTake(owner)) continue;
      const item = items.shift();
      this.#owners.delete(owner);
      if (items.length > 0) this.#owners.set(owner, items);
      this.#length--;
      return item;
    }
    return undefined;
  }

  /** Takes out up to `count` of the next items. */
  take(count: number): Item[] {
    const taken: Item[] = [];
    while (taken.length < count && this.#length > 0) taken.push(this.shift() as Item);
    return taken;
  }

  /** Takes out all items of an owner. */
  remove(owner: Owner): Item[] {
    const items = this.#owners.get(owner) ?? [];
    this.#owners.delete(owner);
    this.#length -= items.length;
    return items;
  }
}
