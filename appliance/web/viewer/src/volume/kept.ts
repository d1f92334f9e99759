/**
 * Pictures of a volume that whoever reads the series keeps as they came, packed: the page asks for one again when it needs
 * its stored values. So a volume takes little more than half of its own size beside what the card holds.
 */
import type { Extent } from "../dicom/extent";
import type { Stored } from "../dicom/facts";

/** What the page has of such a picture: its ends, and grey values from all over it. */
export interface KeptPixels {
  readonly kind: "kept";
  readonly extent: Extent | null;
  readonly sample: Float32Array;
}

const MOST_NEAR = 16; // a hand goes to and fro over a plane that cuts many

/** Guards that each is asked for once at a time, and that the last few stay at hand. */
export class Kept {
  private readonly asked = new Set<number>();
  private readonly near = new Map<number, Stored>();
  /** Asks for the picture of a slot; the answer comes later. */
  ask: (slot: number) => void = () => undefined;

  /** How many have been asked for and have not come. */
  get asking(): number {
    return this.asked.size;
  }

  want(slot: number): void {
    if (this.asked.has(slot)) return;
    this.asked.add(slot);
    this.ask(slot);
  }

  /** The stored values of a slot; null when they have to come first. */
  stored(slot: number): Stored | null {
    const found = this.near.get(slot);
    if (found === undefined) this.want(slot);
    return found ?? null;
  }

  /** A picture has come again; answers the one that is let go for it. */
  take(slot: number, stored: Stored): Stored | null {
    this.asked.delete(slot);
    this.near.delete(slot);
    this.near.set(slot, stored);
    const [oldest] = this.near;
    if (this.near.size <= MOST_NEAR || oldest === undefined) return null;
    this.near.delete(oldest[0]);
    return oldest[1];
  }

  /** Nobody waits for it any more. */
  miss(slot: number): void {
    this.asked.delete(slot);
  }
}
