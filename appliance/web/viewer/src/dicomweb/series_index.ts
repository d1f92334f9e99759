/** The index at the head of a series stream (docs/storage-format.md): parsed, and held to what a series can be. */

export interface IndexedInstance {
  readonly sop: string;
  readonly number: number | null;
  readonly transfer_syntax: string;
  readonly rows: number;
  readonly columns: number;
  readonly frames: number;
  readonly bits_allocated: number;
  readonly samples: number;
  readonly bytes: number;
  readonly position: readonly number[] | null;
  readonly orientation: readonly number[] | null;
  /** It claims more frames than its bytes can hold, or than are left for it; `frames` is 1 then, a place to say so. */
  readonly isOverfull?: true;
}

/** A small volume that stands for the whole one: each of its voxels for a box of `factor` slices, rows and columns. */
export interface PreviewShape {
  readonly columns: number;
  readonly rows: number;
  readonly slices: number;
  readonly factor: readonly [number, number, number];
  readonly slope: number;
  readonly intercept: number;
}

export interface SeriesIndex {
  readonly series: string;
  readonly instances: readonly IndexedInstance[];
  readonly order: readonly number[];
  /** Present where a preview is the first record. */
  readonly preview?: PreviewShape;
}

/** The stream is not one, or stops early. */
export class StreamBroken extends Error {}

const MOST_INSTANCES = 100_000;
const MOST_FRAMES = 1 << 20; // of a whole series
const MOST_SIDE = 1 << 16; // rows and columns are 16-bit words (PS3.3 C.7.6.3)
const MOST_BYTES = 2 ** 32;
const MOST_PREVIEW_SIDE = 256;
const MOST_FACTOR = 64; // as the box bounds it: intake/preview_plans.py
const NATIVE = new Set(["1.2.840.10008.1.2", "1.2.840.10008.1.2.1", "1.2.840.10008.1.2.2"]); // PS3.5 A.1 to A.3
const DEFLATED = "1.2.840.10008.1.2.1.99"; // PS3.5 A.5
const MOST_DEFLATED = 1032; // bytes that one of DEFLATE gives at most
const ITEM_HEAD_BYTES = 8; // PS3.5 A.4

/** Parse an index.
 *
 * @throws StreamBroken when it says what cannot be: nothing of it is worth memory then.
 */
export function parseIndex(json: string): SeriesIndex {
  const { series, instances, order, preview } = parsed(json);
  if (!Array.isArray(instances) || !Array.isArray(order) || instances.length > MOST_INSTANCES) throw new StreamBroken("no index");
  if (!instances.every(isInstance) || !isOrder(order, instances.length)) throw new StreamBroken("an index that cannot be");
  const checked = { series: String(series), instances: bounded(instances), order };
  return isPreview(preview) ? { ...checked, preview } : checked; // one that cannot be is passed over: the images are there all the same
}

/** Give one place to whatever claims more frames than can be, so that no file keeps the others from being shown. */
export function bounded(instances: readonly IndexedInstance[]): readonly IndexedInstance[] {
  const overfull = new Set<IndexedInstance>();
  let frames = instances.length;
  for (const one of [...instances].sort((a, b) => a.frames - b.frames)) {
    const more = Math.max(1, one.frames) - 1;
    if (more > 0 && (frames + more > MOST_FRAMES || !canHold(one))) overfull.add(one);
    else frames += more;
  }
  return overfull.size === 0 ? instances : instances.map((one) => (overfull.has(one) ? { ...one, frames: 1, isOverfull: true } : one));
}

/** Say whether the bytes can hold the frames: half of plain words (4:2:0 has no more), or an item's head for each coded one. */
function canHold({ rows, columns, samples, bits_allocated, frames, bytes, transfer_syntax }: IndexedInstance): boolean {
  const isDeflated = transfer_syntax === DEFLATED;
  if (!isDeflated && !NATIVE.has(transfer_syntax)) return frames * ITEM_HEAD_BYTES <= bytes;
  const plain = (frames * rows * columns * Math.max(1, samples) * Math.max(1, bits_allocated)) / 8;
  return plain / 2 <= bytes * (isDeflated ? MOST_DEFLATED : 1);
}

function parsed(json: string): Readonly<Record<string, unknown>> {
  try {
    return (JSON.parse(json) ?? {}) as Readonly<Record<string, unknown>>;
  } catch {
    throw new StreamBroken("no index");
  }
}

function isInstance(one: unknown): one is IndexedInstance {
  if (typeof one !== "object" || one === null) return false;
  const { rows, columns, frames, bytes, sop, transfer_syntax, position, orientation } = one as Partial<IndexedInstance>;
  const sizes = isCount(rows, MOST_SIDE) && isCount(columns, MOST_SIDE) && isCount(frames, MOST_FRAMES) && isCount(bytes, MOST_BYTES);
  return sizes && typeof sop === "string" && typeof transfer_syntax === "string" && isVector(position, 3) && isVector(orientation, 6);
}

function isOrder(order: readonly unknown[], count: number): order is number[] {
  return order.length <= count && order.every((one) => isCount(one, count - 1)) && new Set(order).size === order.length;
}

function isPreview(one: unknown): one is PreviewShape {
  if (typeof one !== "object" || one === null) return false;
  const { columns, rows, slices, factor, slope, intercept } = one as Partial<PreviewShape>;
  const sides = [columns, rows, slices].every((side) => isCount(side, MOST_PREVIEW_SIDE) && side > 0);
  const by: readonly unknown[] = factor ?? [];
  const factors = Array.isArray(by) && by.length === 3 && by.every((one) => isCount(one, MOST_FACTOR) && one > 0);
  return sides && factors && Number.isFinite(slope) && slope !== 0 && Number.isFinite(intercept);
}

function isCount(value: unknown, most: number): value is number {
  return Number.isInteger(value) && (value as number) >= 0 && (value as number) <= most;
}

function isVector(value: unknown, length: number): boolean {
  return value === null || (Array.isArray(value) && value.length === length && value.every(Number.isFinite));
}
