/** What the parts of the viewer share: the room, what is shown in it, and who draws it. `viewing` makes it; `receiving`, `hands` and `drawing` act on it. */
import type { Again } from "../messages";
import type { About } from "../dicom/about";
import type { SeriesIndex } from "../dicomweb/stream";
import type { Renderer } from "../render/renderer";
import type { Arrival } from "./arrival";
import type { FlatRoom } from "./flat";
import type { ImageKeeping } from "./image_keeping";
import type { Keeping, Kept } from "./keeping";
import type { Later } from "./later";
import type { Room } from "./room";
import type { Showing } from "./showing";
import type { VolumeRoom } from "./volume_room";

/** One pane with its picture, what is drawn over it, and who draws. */
export interface Half {
  readonly room: Room;
  readonly showing: Showing;
  readonly renderer: Renderer | null;
  readonly flat: FlatRoom;
}

/** What single pictures have when their part of the viewer has come: layouts, a pane beside, a mount. */
export interface Layouts {
  readonly beside: Half | null;
  readonly kept: NonNullable<Kept["pictures"]>;
  readonly state: unknown;
  placeOf(slot: number): string | null;
  /** Show the picture at a position of the order that hands go by. */
  goTo(position: number): void;
  draw(): void;
}

export interface Stage {
  readonly mount: HTMLElement;
  readonly room: Room;
  readonly volume: VolumeRoom;
  readonly flat: FlatRoom;
  readonly keeping: Keeping;
  readonly later: Later;
  readonly arrival: Arrival;
  /** What each image says of itself, by its number in the index. */
  readonly abouts: Map<number, About>;
  showing: Showing;
  renderer: Renderer | null;
  index: SeriesIndex | null;
  /** Null for a volume, and until they have come. */
  layouts: Layouts | null;
  /** The pane that hands and keys mean. */
  active: Half;
  readonly images: ImageKeeping;
  /** Something changed: draw at the next refresh of the screen. */
  change(): void;
  /** The first planes were drawn, which took so long. */
  began(tookMs: number): void;
  /** Something came: draw soon, no hand waits for it. */
  changeSoon(): void;
  redraw(): void;
  /** The series is no volume: fetch what single pictures are laid out by. */
  openPictures(): void;
  /** Take up what hands had done to one image before. */
  takeUpImage(instance: number): void;
  /** Take up what hands had done before. */
  takeUp(): void;
  /** All has come and was drawn at its best. */
  drawn(): void;
  tell(words: string): void;
  /** Tell whoever reads the series. */
  ask(message: Again, transfer?: Transferable[]): void;
}
