/** Small pictures in the mount, each drawn once for a size and a look, by its own window. */
import { smallPicture } from "../../volume/small";
import type { Showing } from "../showing";

const MOST_PIXELS = 900;

/** Guards that a canvas is drawn anew only when its picture, its size or its look has changed. */
export class SmallPictures {
  private readonly made = new Map<number, { readonly canvas: HTMLCanvasElement; key: string }>();

  constructor(private readonly showing: () => Showing) {}

  /** The canvas of a slot, the same one each time. */
  of(slot: number): HTMLCanvasElement {
    const known = this.made.get(slot);
    if (known !== undefined) return known.canvas;
    const canvas = document.createElement("canvas");
    canvas.setAttribute("aria-hidden", "true");
    canvas.hidden = true;
    this.made.set(slot, { canvas, key: "" });
    return canvas;
  }

  /** Draw what is out of date, as fine as the box it lies in; says whether there was anything to draw. */
  draw(slot: number): boolean {
    const entry = this.made.get(slot);
    const shown = entry === undefined ? null : this.showing().shownAt(slot);
    if (entry === undefined || shown?.slot.pixels == null || shown.slot.pixels.kind === "kept") return false; // a volume's have no small picture
    const { width, height } = (entry.canvas.parentElement ?? entry.canvas).getBoundingClientRect();
    const most = Math.min(MOST_PIXELS, Math.max(64, Math.ceil(Math.max(width, height) * (window.devicePixelRatio || 1))));
    const { inverted } = this.showing();
    const own = this.showing().windows.get(slot) ?? this.showing().ownWindowOf(shown);
    const key = JSON.stringify([most, own.centre, own.width, inverted]);
    if (entry.key === key) return false;
    entry.key = key;
    const { slope, intercept } = shown.frame;
    const look = { window: own, isTurned: inverted !== (shown.facts.photometric === "MONOCHROME1"), slope, intercept };
    const small = smallPicture(shown.slot.pixels, shown.facts, this.showing().pictureOf(shown).aspect, look, most);
    Object.assign(entry.canvas, { width: small.width, height: small.height, hidden: false });
    entry.canvas.getContext("2d")?.putImageData(new ImageData(small.rgba, small.width, small.height), 0, 0);
    return true;
  }
}
