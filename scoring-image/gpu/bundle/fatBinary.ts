/**
 * NVIDIA's fat binaries, in which a library carries its kernels for several GPU architectures: a
 * header, then an entry for each of them. The format is not documented; cuobjdump
 * (https://docs.nvidia.com/cuda/cuda-binary-utilities) lists the same entries.
 */

/** Begins a fat binary, little-endian. */
const magic = Buffer.from([0x50, 0xed, 0x55, 0xba]);

/** Offsets in the header: version u16 at 4, its own size u16, size of all entries u64. */
const header = { ownSize: 6, contentSize: 8, bytes: 16 } as const;

/**
 * Offsets in an entry: what it is u16 at 0, size of its header u32, size of its code u64,
 * architecture u32.
 */
const entry = { kind: 0, ownSize: 4, codeSize: 8, architecture: 28, bytes: 48 } as const;

/**
 * Kinds of entries: source of a virtual architecture, code of a real one, and the former's
 * compressed form.
 */
const kinds = new Set([1, 2, 16]);
const machineCode = 2;

/** Code for one architecture. */
export interface FatEntry {
  /** True for machine code, false for PTX, which the driver would compile. */
  readonly isMachineCode: boolean;
  /** Compute capability times ten: 90 for H100. */
  readonly architecture: number;
  /** Where its code is in the library, in bytes. */
  readonly start: number;
  readonly size: number;
}

/** Finds the code of all architectures in a library. */
export function fatEntries(library: Buffer): FatEntry[] {
  const found: FatEntry[] = [];
  let at = library.indexOf(magic);
  while (at >= 0) {
    const end = contentEnd(library, at);
    if (end !== undefined) found.push(...entriesBetween(library, at + header.bytes, end));
    at = library.indexOf(magic, end ?? at + magic.length);
  }
  return found;
}

/** End of a fat binary's entries; undefined where the four bytes are there by chance. */
function contentEnd(library: Buffer, at: number): number | undefined {
  if (at + header.bytes > library.length) return undefined;
  if (library.readUInt16LE(at + header.ownSize) !== header.bytes) return undefined;
  const end = at + header.bytes + Number(library.readBigUInt64LE(at + header.contentSize));
  return end <= library.length ? end : undefined;
}

function entriesBetween(library: Buffer, start: number, end: number): FatEntry[] {
  const found: FatEntry[] = [];
  for (let at = start; at + entry.bytes <= end;) {
    const kind = library.readUInt16LE(at + entry.kind);
    const ownSize = library.readUInt32LE(at + entry.ownSize);
    const size = Number(library.readBigUInt64LE(at + entry.codeSize));
    const next = at + ownSize + size;
    if (!kinds.has(kind) || ownSize < entry.bytes || size === 0 || next > end) break;
    const architecture = library.readUInt32LE(at + entry.architecture);
    const isMachineCode = kind === machineCode;
    found.push({ isMachineCode, architecture, start: at + ownSize, size });
    at = next;
  }
  return found;
}

/**
 * Overwrites the code of all other architectures with zeros, which compress to nothing. The library
 * stays as long as it was and loads as before; on another GPU its kernels are not found.
 * @param architecture compute capability times ten
 * @returns how many bytes were overwritten
 * @throws Error naming the architectures that there are, when there is none of this one
 */
export function keepArchitecture(library: Buffer, architecture: number): number {
  const entries = fatEntries(library);
  const isKept = (one: FatEntry) => one.isMachineCode && one.architecture === architecture;
  if (!entries.some(isKept)) {
    const own = entries.filter((one) => one.isMachineCode).map((one) => one.architecture);
    const list = [...new Set(own)].sort((a, b) => a - b).join(", ");
    throw new Error(
      `there is no code for architecture ${architecture}, only for ${list || "none"}`,
    );
  }
  const others = entries.filter((one) => !isKept(one));
  for (const { start, size } of others) library.fill(0, start, start + size);
  return others.reduce((sum, { size }) => sum + size, 0);
}
