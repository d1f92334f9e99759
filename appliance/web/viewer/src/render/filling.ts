/** Which slices of a volume have come, and between which two of them each other one lies. */

const NEAR_ENOUGH = 8; // slices from any of them to one that has come

/** Guards what is known of one volume's slices. */
export class Filling {
  /** For each slice the nearest filled one at or below it, and at or above it; itself once it has come. */
  readonly between: Float32Array;
  /** Counts changes of `between`. */
  version = 0;
  isClosed = false;
  private readonly places = new Map<number, number>();
  private readonly filled: boolean[];

  /** @param slices the slot of each slice, null where there is none. */
  constructor(slices: readonly (number | null)[]) {
    this.filled = slices.map(() => false);
    this.between = new Float32Array(2 * slices.length);
    slices.forEach((slot, slice) => slot !== null && this.places.set(slot, slice));
  }

  sliceOf(slot: number): number | null {
    return this.places.get(slot) ?? null;
  }

  /** Say whether a slot's pixels are in the volume. */
  holds(slot: number): boolean {
    const slice = this.places.get(slot);
    return slice !== undefined && this.filled[slice] === true;
  }

  /** Nothing more comes. Not when the last slice is in: what takes long would be drawn before the end has been heard of. */
  get isWhole(): boolean {
    return this.isClosed;
  }

  /** Nothing has come. */
  get isEmpty(): boolean {
    return this.version === 0;
  }

  /** At least one slice in sixteen has come, everywhere; of few slices one in a quarter of them. */
  get isEven(): boolean {
    return this.reach <= Math.min(NEAR_ENOUGH, this.filled.length / 8);
  }

  /** How many slices the farthest one is from one that has come; all of them while none has. */
  private get reach(): number {
    const count = this.filled.length;
    let most = this.filled.some(Boolean) ? 0 : count;
    for (let slice = 0; slice < count; slice++) {
      const [below = 0, above = 0] = [this.between[2 * slice], this.between[2 * slice + 1]];
      most = Math.max(most, Math.min(Math.abs(slice - below), Math.abs(above - slice)));
    }
    return most;
  }

  fill(slice: number): void {
    this.filled[slice] = true;
    this.interpolate();
  }

  /** The slices that have not come. */
  empty(): number[] {
    return this.filled.flatMap((filled, slice) => (filled ? [] : [slice]));
  }

  /** Take every slice as it is from now on. */
  close(): void {
    this.isClosed = true;
    this.filled.fill(true);
    this.interpolate();
  }

  private interpolate(): void {
    this.version++;
    const count = this.filled.length;
    let below = -1;
    for (let slice = 0; slice < count; slice++) {
      if (this.filled[slice]) below = slice;
      this.between[2 * slice] = below;
    }
    let above = -1;
    for (let slice = count - 1; slice >= 0; slice--) {
      if (this.filled[slice]) above = slice;
      const under = this.between[2 * slice] ?? -1;
      this.between[2 * slice] = under < 0 ? above : under;
      this.between[2 * slice + 1] = above < 0 ? under : above;
    }
  }
}
