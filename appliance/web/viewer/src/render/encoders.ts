/** What makes half floats of stored values, one for all pictures that are alike. */
import { makeEncoder, type Encoder, type Encoding, type Range } from "../volume/encoding";
import { frameFacts, type Slot } from "../volume/stack";

const MOST = 16; // each keeps a table of 128 kB; a series with a rescale of its own for each slice has many

/** Guards that a table is made once for all pictures of one encoding that share it. */
export class Encoders {
  private readonly made = new Map<string, Encoder>();

  constructor(private readonly encoding: Encoding) {}

  /** @param range of the grey values of all pictures: padding takes the darkest of them. */
  for({ facts, frame: number }: Slot, range: Range | null): Encoder {
    if (facts === null) throw new RangeError("a slot with pixels has facts");
    const frame = frameFacts(facts, number);
    const key = JSON.stringify([frame.slope, frame.intercept, facts.padding, facts.photometric]);
    const dark = facts.photometric === "MONOCHROME1" ? range?.high : range?.low;
    const made = this.made.get(key) ?? makeEncoder(this.encoding, frame, facts.padding, dark ?? 0);
    if (this.made.size >= MOST) this.made.clear();
    this.made.set(key, made);
    return made;
  }
}
