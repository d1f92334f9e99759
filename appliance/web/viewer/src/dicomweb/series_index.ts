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
const MOST_FACTOR = 64;

/** Parse an index.
 *
 * @throws StreamBroken when it says what cannot be: nothing of it is worth memory then.
 */
export function parseIndex(json: string): SeriesIndex {
  const { series, instances, order, preview } = parsed(json);
  if (!Array.isArray(instances) || !Array.isArray(order) || instances.length > MOST_INSTANCES) throw new StreamBroken("no index");
  if (!instances.every(isInstance) || !isOrder(order, instances.length)) throw new StreamBroken("an index that cannot be");
  if (instances.reduce((sum, one) => sum + Math.max(1, one.frames), 0) > MOST_FRAMES) throw new StreamBroken("more frames than a series has");
  const checked = { series: String(series), instances, order };
  if ((preview ?? null) === null) return checked;
  if (!isPreview(preview)) throw new StreamBroken("a preview that cannot be");
  return { ...checked, preview };
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
