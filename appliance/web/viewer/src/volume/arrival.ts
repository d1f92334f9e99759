/** How fast something arrives, and how long the rest will take. */

const SPAN_MS = 5000;
const LEAST_MS = 800; // before that nothing can be told
export const SOON_SECONDS = 2; // not worth a word, nor a drawing that is drawn over by then
const MOST_STOOD_MS = 5000; // whatever is told: a line may stall at its end

/** Guards the last few seconds' counts. */
export class Pace {
  private readonly seen: { readonly at: number; readonly bytes: number }[] = [];

  /** So many bytes have come by now. */
  count(bytes: number, at: number): void {
    const last = this.seen.at(-1);
    if (last !== undefined && bytes < last.bytes) this.seen.length = 0; // it began anew
    this.seen.push({ at, bytes });
    while ((this.seen[1]?.at ?? Infinity) < at - SPAN_MS) this.seen.shift();
  }

  /** Nothing comes for now; what came before tells nothing of what will. */
  pause(): void {
    this.seen.length = 0;
  }

  /** Seconds until `all` bytes have come, infinite when nothing comes; null where that cannot be told yet. */
  secondsTo(all: number, now: number): number | null {
    const [first, last] = [this.seen[0], this.seen.at(-1)];
    if (first === undefined || last === undefined || now - first.at < LEAST_MS) return null;
    return ((all - last.bytes) * (now - first.at)) / (last.bytes - first.bytes) / 1000;
  }
}

/** Say whether planes of the small volume do until all is there: for a few seconds, where the rest comes soon or nothing is known of it yet. */
export function isWorthWaiting(secondsLeft: number | null, stoodMs: number): boolean {
  return stoodMs >= 0 && stoodMs < MOST_STOOD_MS && (secondsLeft ?? 0) < SOON_SECONDS;
}

/** Seconds as a person says them: 7, 20, 45, 120. */
export function roughly(seconds: number): number {
  const step = seconds < 10 ? 1 : seconds < 60 ? 5 : 60;
  return Math.max(step, Math.round(seconds / step) * step);
}
