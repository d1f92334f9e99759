/** What the parts of the viewer share: the room, what is shown in it, and who draws it. `viewing` makes it; `receiving`, `hands` and `drawing` act on it. */
import type { About } from "../dicom/about";
import type { SeriesIndex } from "../dicomweb/stream";
import type { Renderer } from "../render/renderer";
import type { Arrival } from "./arrival";
import type { FlatRoom } from "./flat";
import type { Keeping } from "./keeping";
import type { Later } from "./later";
import type { Room } from "./room";
import type { Showing } from "./showing";
import type { VolumeRoom } from "./volume_room";

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
  /** Something changed: draw at the next refresh of the screen. */
  change(): void;
  /** Something came: draw soon, no hand waits for it. */
  changeSoon(): void;
  redraw(): void;
  /** Take up what hands had done before. */
  takeUp(): void;
  /** All has come and was drawn at its best. */
  drawn(): void;
  tell(words: string): void;
}
