import { randomBytes, randomUUID } from "node:crypto";

/** Counting a generation up makes another key. */
export interface KeysInputs {
  readonly primaryGeneration: number;
  readonly secondaryGeneration: number;
}

/** Two keys of 32 letters and digits. */
export interface KeysOutputs extends KeysInputs {
  readonly primaryKey: string;
  readonly secondaryKey: string;
}

const newKey = () => randomBytes(16).toString("hex");

/** Makes both keys. */
export function create(inputs: KeysInputs) {
  const outs: KeysOutputs = { ...inputs, primaryKey: newKey(), secondaryKey: newKey() };
  return { id: randomUUID(), outs };
}

/** Whether a key is to be replaced. */
export const diff = (_id: string, olds: KeysInputs, news: KeysInputs) => ({
  changes:
    olds.primaryGeneration !== news.primaryGeneration ||
    olds.secondaryGeneration !== news.secondaryGeneration,
});

/** Replaces the keys whose generation has changed; the other one stays. */
export function update(_id: string, olds: KeysOutputs, news: KeysInputs) {
  const outs: KeysOutputs = {
    ...news,
    primaryKey: olds.primaryGeneration === news.primaryGeneration ? olds.primaryKey : newKey(),
    secondaryKey:
      olds.secondaryGeneration === news.secondaryGeneration ? olds.secondaryKey : newKey(),
  };
  return { outs };
}
