/** The mount's tiles and frames as elements, laid out as a film mount has them; with no meaning of their own. */
import { PLACES, type Place, type Row } from "../../volume/mount";
import { element } from "../elements";
import { MOUNT } from "../words/mount";

export interface Tile {
  readonly element: HTMLButtonElement;
  readonly picture: HTMLElement;
  readonly words: HTMLElement;
}

const ROWS: readonly Row[] = ["upper", "bite", "lower"];
const FILM = 4 / 3; // a film is as wide to as high, lying; anterior ones stand
const WORDS_SHARE = 0.86; // of a row's height is the film's, the rest its words
const COLUMNS: Readonly<Record<string, string>> = { "right molar": "1", "right premolar": "2", "left premolar": "4", "left molar": "5" };

/** Make a tile; an empty one shows where a picture would hang. */
export function makeTile(id: string): Tile {
  const picture = element("span", { class: "film" });
  const words = element("span", { class: "words" });
  return { element: element("button", { type: "button", class: "tile", "data-place": id, tabindex: "-1" }, picture, words), picture, words };
}

/** Name a place, "Upper right, molars". */
export function placeWords({ row, side, spot }: Place): string {
  const [first, second] = [MOUNT.rows[row], MOUNT.sides[side]];
  return `${second === "" ? first : `${first} ${second}`}, ${MOUNT.spots[spot]}`;
}

/** Guards where each place lies among the films; which are seen changes with what hangs. */
export class Films {
  readonly element: HTMLElement;
  readonly tiles: ReadonlyMap<string, Tile>;
  private readonly middles: Readonly<Record<Row, HTMLElement>>;

  constructor() {
    this.tiles = new Map(PLACES.map(({ id }) => [id, makeTile(id)]));
    const middle = (row: Row): HTMLElement => element("div", { class: "middle" }, ...PLACES.filter((one) => one.row === row && !isPosterior(one)).flatMap(({ id }) => this.tiles.get(id)?.element ?? []));
    this.middles = { upper: middle("upper"), bite: middle("bite"), lower: middle("lower") };
    const inOrder = ROWS.flatMap((row) => [...this.posterior(row, "right"), this.middles[row], ...this.posterior(row, "left")]);
    this.element = element("div", { class: "films" }, ...inOrder);
  }

  private posterior(row: Row, side: "right" | "left"): HTMLElement[] {
    return PLACES.filter((one) => one.row === row && one.side === side && isPosterior(one)).flatMap(({ id }) => this.tiles.get(id)?.element ?? []);
  }

  /** Show the places that are wanted, in rows of one height, as large as they fit.
   *
   * @param isSeen says of each place whether it is shown.
   */
  lay(isSeen: (place: Place) => boolean): void {
    const seen = PLACES.filter(isSeen);
    for (const place of PLACES) {
      const tile = this.tiles.get(place.id)?.element;
      if (tile !== undefined) tile.hidden = !seen.includes(place);
    }
    const rows = ROWS.filter((row) => seen.some((one) => one.row === row));
    const middles = ROWS.filter((row) => seen.some((one) => one.row === row && !isPosterior(one)));
    for (const row of ROWS) this.middles[row].hidden = !middles.includes(row);
    rows.forEach((row, at) => this.placePosterior(row, 6 * at));
    const high = (6 * rows.length) / Math.max(1, middles.length); // sixths of a row: two or three middles share the height
    middles.forEach((row, at) => (this.middles[row].style.gridArea = `${String(at * high + 1)} / 3 / ${String((at + 1) * high + 1)} / 4`));
    const standing = Math.max(0, ...middles.map((row) => seen.filter((one) => one.row === row && !isPosterior(one)).length));
    this.size(rows.length, standing * (high / 6 / FILM));
  }

  /** @param middle width of the films in the middle, in heights of a row. */
  private size(rows: number, middle: number): void {
    const { style } = this.element;
    style.gridTemplateRows = `repeat(${String(6 * rows)}, minmax(0, 1fr))`;
    style.gridTemplateColumns = `repeat(2, minmax(0, ${String(FILM)}fr)) minmax(0, ${middle.toFixed(3)}fr) repeat(2, minmax(0, ${String(FILM)}fr))`;
    const ratio = ((WORDS_SHARE * (4 * FILM + middle)) / Math.max(1, rows)).toFixed(3);
    style.aspectRatio = ratio;
    style.width = `min(100cqw, calc(100cqh * ${ratio}))`;
  }

  private placePosterior(row: Row, from: number): void {
    for (const place of PLACES.filter((one) => one.row === row && isPosterior(one))) {
      const tile = this.tiles.get(place.id)?.element;
      const column = COLUMNS[`${place.side} ${place.spot}`] ?? "1";
      if (tile !== undefined) tile.style.gridArea = `${String(from + 1)} / ${column} / ${String(from + 7)} / auto`;
    }
  }
}

function isPosterior({ spot }: Place): boolean {
  return spot === "molar" || spot === "premolar";
}
