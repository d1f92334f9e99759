/** Expands a segmented colour table (PS3.3 C.7.9.2). */

type Segment = (segments: readonly number[], at: number, out: number[]) => number;

/** Expand to at most `most` entries; what is cut short or unknown ends the table. */
export function expandSegments(segments: readonly number[], most: number): number[] {
  const out: number[] = [];
  let at = 0;
  while (at + 1 < segments.length && out.length < most) {
    const kind = KINDS[segments[at] ?? -1];
    if (kind === undefined) break;
    at = kind(segments, at, out);
  }
  return out.slice(0, most);
}

function discrete(segments: readonly number[], at: number, out: number[]): number {
  const length = segments[at + 1] ?? 0;
  for (const entry of segments.slice(at + 2, at + 2 + length)) out.push(entry);
  return at + 2 + length;
}

/** A straight line from the last entry so far to the one given. */
function linear(segments: readonly number[], at: number, out: number[]): number {
  const length = segments[at + 1] ?? 0;
  const from = out[out.length - 1] ?? 0;
  const to = segments[at + 2] ?? 0;
  for (let i = 1; i <= length; i++) out.push(Math.round(from + ((to - from) * i) / length));
  return at + 3;
}

/** Segments that were given before, again; only plain ones, so that nothing turns in circles. */
function indirect(segments: readonly number[], at: number, out: number[]): number {
  const count = segments[at + 1] ?? 0;
  let from = ((segments[at + 2] ?? 0) | ((segments[at + 3] ?? 0) << 16)) >> 1;
  for (let i = 0; i < count; i++) {
    const kind = [discrete, linear][segments[from] ?? -1];
    if (kind === undefined) break;
    from = kind(segments, from, out);
  }
  return at + 4;
}

const KINDS: readonly Segment[] = [discrete, linear, indirect];
