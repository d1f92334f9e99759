/** The mount on the screen: which picture hangs where, and what hands do with it. Looking large and comparing are told to whoever lays out pictures. */
import { inOrder, liesOtherwise, mountFilms, mountOrder, moveFilm, PLACES, toothName, TRAY, type Film, type Mounted, type Place, type Reason } from "../../volume/mount";
import { button, element } from "../elements";
import type { Stage } from "../stage";
import { WORDS } from "../words";
import { MOUNT } from "../words/mount";
import { Films, makeTile, placeWords, type Tile } from "./films";
import { listenInMount } from "./mount_hands";
import { Numbers } from "./numbers";
import { SmallPictures } from "./small_picture";

type Mode = "open" | "compare" | "move";

/** What the mount asks of the layouts. */
export interface Asked {
  open(slot: number): void;
  compare(slot: number, other: number): void;
}

/** Guards that every picture hangs in one place or lies in the tray, and that what a hand placed stays. */
export class MountRoom {
  readonly element: HTMLElement;
  private readonly films = new Films();
  private readonly small: SmallPictures;
  private readonly numbers = new Numbers(() => this.change());
  private readonly count = element("p", { class: "said", role: "status" });
  private readonly compare = button("compare", MOUNT.compareHint, () => this.choose("compare"), MOUNT.compare);
  private readonly move = button("move", MOUNT.moveHint, () => this.choose("move"), MOUNT.move);
  private readonly undo = button("reset", MOUNT.resetHint, () => this.putBack(), MOUNT.reset);
  private readonly trayTiles = element("div", { class: "tiles" });
  private readonly tray: HTMLElement;
  private byHand: ReadonlyMap<number, string> = new Map();
  private mounted: Mounted = { places: new Map(), tray: [] };
  private mode: Mode = "open";
  private chosen: number | null = null;
  private series = 1;
  private written = "";
  private readonly known = new Set<number>();
  private waiting: number[] = [];
  private isDrawing = false;

  constructor(
    private readonly stage: Stage,
    private readonly asked: Asked,
    closing: AbortSignal,
  ) {
    this.small = new SmallPictures(() => this.stage.showing);
    const hint = element("p", {}, MOUNT.trayHint);
    this.tray = element("section", { class: "tray", "data-place": TRAY, "aria-label": MOUNT.tray }, element("header", {}, element("h2", {}, MOUNT.tray), hint), this.trayTiles);
    const bar = element("header", { class: "mount-bar" }, this.count, this.compare, this.move, this.undo, this.numbers.choice);
    const letter = (side: "right" | "left"): HTMLElement => element("span", { class: `letter ${side}`, title: MOUNT[`${side}Side`] }, MOUNT[side]);
    const box = element("div", { class: "films-box" }, letter("right"), element("div", { class: "films-room" }, this.films.element), letter("left"));
    const warning = element("div", { class: "warning" }, WORDS.notForDiagnosis);
    this.element = element("section", { class: "mount", "aria-label": MOUNT.mount }, bar, box, this.tray, warning);
    stage.mount.append(this.element);
    listenInMount(this.element, {
      press: (place, isMore) => this.press(place, isMore),
      pick: (place) => this.pick(place),
      drop: (place) => this.drop(place),
      leave: () => this.choose("open"),
      isCarrying: () => this.carried !== null,
    }, closing);
  }

  get state(): unknown {
    return { places: Object.fromEntries(this.mounted.places), tray: this.mounted.tray, order: mountOrder(this.mounted) };
  }

  placedByHand(slot: number): string | null {
    return this.byHand.get(slot) ?? null;
  }

  /** Another series' pictures join. */
  join(): void {
    this.series++;
  }

  /** Hang what has come; hands go through pictures in this order from now on. */
  arrange(): void {
    const { showing } = this.stage;
    const slots = showing.stack.slots;
    slots.forEach((slot, at) => slot.facts !== null && !this.known.has(at) && this.recall(at, slot.instance));
    const films = slots.flatMap(({ facts }, slot): Film[] => (facts === null ? [] : [{ slot, dental: facts.dental }]));
    const mounted = mountFilms(films, this.byHand);
    this.mounted = mounted;
    const order = mountOrder(mounted);
    const still = slots.flatMap((_, at) => (order.includes(at) ? [] : [at]));
    showing.order = [...order, ...still];
    showing.caption = (slot) => this.wordsOf(slot);
  }

  /** Where somebody hung a picture before the screen was locked. */
  private recall(slot: number, instance: number): void {
    this.known.add(slot);
    const sop = this.stage.index?.instances[instance]?.sop;
    const place = sop === undefined ? null : (this.stage.images.find(sop)?.place ?? null);
    if (place !== null) this.byHand = new Map([...this.byHand, [slot, place]]);
  }

  draw(): void {
    const loaded = this.stage.showing.stack.slots.map((slot) => (slot.pixels === null ? (slot.problem ?? "") : "."));
    const written = JSON.stringify([[...this.mounted.places], this.mounted.tray, this.mode, this.chosen, this.numbers.numbering, loaded]);
    if (written !== this.written) this.write();
    this.written = written;
    this.drawSmall();
  }

  /** One small picture at a time, so that hands never wait. */
  private drawSmall(): void {
    this.waiting = mountOrder(this.mounted);
    if (this.isDrawing) return;
    this.isDrawing = true;
    const next = (): void => {
      const slot = this.waiting.shift();
      this.isDrawing = slot !== undefined;
      if (slot === undefined) return;
      if (this.small.draw(slot)) setTimeout(next);
      else next();
    };
    next();
  }

  private write(): void {
    const focused = document.activeElement?.closest<HTMLElement>("[data-place]")?.dataset["place"];
    const { places, tray } = this.mounted;
    const isMoving = this.mode === "move" || tray.length > 0;
    const hasAny = (row: string): boolean => PLACES.some((one) => one.row === row && places.has(one.id));
    this.films.lay((place) => places.has(place.id) || (place.isExtra ? this.carried !== null : isMoving || hasAny(place.row)));
    for (const place of PLACES) this.writeTile(this.films.tiles.get(place.id), place, places.get(place.id) ?? null);
    this.trayTiles.replaceChildren(...tray.map(({ slot, reason }) => this.trayTile(slot, reason)));
    if (tray.length === 0) this.trayTiles.replaceChildren(element("p", {}, MOUNT.empty));
    this.tray.hidden = tray.length === 0 && this.carried === null;
    this.undo.hidden = this.byHand.size === 0;
    this.compare.setAttribute("aria-pressed", String(this.mode === "compare"));
    this.move.setAttribute("aria-pressed", String(this.mode === "move"));
    this.element.classList.toggle("bare", places.size === 0 && this.mode !== "move");
    this.element.dataset["mode"] = this.carried === null ? this.mode : "carrying";
    this.say();
    this.rove(focused);
  }

  private say(): void {
    const usual = MOUNT.pictures(this.stage.showing.stack.slots.length, this.series);
    const asking = this.mode === "compare" ? (this.chosen === null ? MOUNT.first : MOUNT.second) : this.chosen === null ? MOUNT.whichOne : MOUNT.whereTo;
    const words = this.mode === "open" ? usual : asking;
    if (this.count.textContent !== words) this.count.textContent = words;
  }

  /** One tile takes part in going from field to field; arrows go on from there. */
  private rove(place: string | undefined): void {
    const tiles = [...this.element.querySelectorAll<HTMLElement>(".tile:not([hidden])")];
    const first = tiles.find((tile) => tile.dataset["place"] === place) ?? tiles.find((tile) => tile.classList.contains("full")) ?? tiles[0];
    for (const tile of tiles) tile.tabIndex = tile === first ? 0 : -1;
    if (place !== undefined && first?.dataset["place"] === place) first.focus();
  }

  /** Give the keyboard to a picture's tile. */
  focus(slot: number): void {
    this.draw();
    const id = this.idOf(slot);
    this.element.querySelector<HTMLElement>(`.tile[data-place="${id}"]`)?.focus();
  }

  private idOf(slot: number): string {
    return [...this.mounted.places].find(([, held]) => held === slot)?.[0] ?? `${TRAY} ${String(slot)}`;
  }

  private trayTile(slot: number, reason: Reason): HTMLElement {
    const tile = makeTile(`${TRAY} ${String(slot)}`);
    this.writeTile(tile, null, slot);
    tile.words.append(element("small", {}, MOUNT.reasons[reason]));
    return tile.element;
  }

  private writeTile(tile: Tile | undefined, place: Place | null, slot: number | null): void {
    if (tile === undefined) return;
    const teeth = this.teethOf(slot);
    const problem = this.stage.showing.stack.slots[slot ?? -1]?.problem ?? "";
    const odd = this.oddityOf(place, slot);
    const label = [nameOf(place), ...this.saidOf(slot, teeth), odd, problem].filter((one) => one !== "").join(". ");
    describe(tile, label, { full: slot !== null, chosen: slot !== null && slot === this.chosen, odd: odd !== "" || problem !== "" });
    tile.picture.replaceChildren(...(slot === null ? [] : [this.small.of(slot)]));
    tile.words.replaceChildren(element("b", {}, problem || (slot === null ? emptyWords(place) : teeth)), ...(odd === "" ? [] : [element("small", {}, odd)]));
  }

  private oddityOf(place: Place | null, slot: number | null): string {
    const dental = slot === null ? undefined : this.stage.showing.stack.slots[slot]?.facts?.dental;
    return place !== null && dental !== undefined && liesOtherwise(place, dental) ? MOUNT.otherwise : "";
  }

  /** Teeth, and what lengths stand for. */
  private saidOf(slot: number | null, teeth: string): string[] {
    const frame = slot === null ? null : (this.stage.showing.shownAt(slot)?.frame ?? null);
    if (frame === null) return [slot === null ? MOUNT.nothingHere : MOUNT.waiting];
    const size = WORDS.spacings[frame.spacing === null ? "none" : (frame.spacingFrom ?? "patient")];
    return [teeth === "" ? MOUNT.noTeeth : MOUNT.teeth(teeth), size];
  }

  private teethOf(slot: number | null): string {
    const teeth = this.stage.showing.stack.slots[slot ?? -1]?.facts?.dental.teeth ?? [];
    return inOrder(teeth).map((tooth) => toothName(tooth, this.numbers.numbering)).join(" ");
  }

  /** What stands beside a picture's number where it is shown large. */
  private wordsOf(slot: number): string {
    const id = this.idOf(slot);
    const place = PLACES.find((one) => one.id === id);
    const teeth = this.teethOf(slot);
    return [nameOf(place), teeth === "" ? "" : MOUNT.teeth(teeth)].filter((one) => one !== "").join("\n");
  }

  private get carried(): number | null {
    return this.mode === "move" ? this.chosen : null;
  }

  private slotIn(place: string): number | null {
    const [id, slot] = place.split(/ (?=\d+$)/);
    return id === TRAY ? (slot === undefined ? null : Number(slot)) : (this.mounted.places.get(place) ?? null);
  }

  /** A tap, a click or Enter on a tile. */
  private press(place: string, isMore: boolean): void {
    const slot = this.slotIn(place);
    if (this.carried !== null) return this.drop(place);
    if (slot === null) return;
    if (this.mode === "move") this.pick(place);
    else if (this.mode === "compare" || isMore) this.pair(slot);
    else this.asked.open(slot);
  }

  private pair(slot: number): void {
    const first = this.chosen;
    if (first === null || first === slot) return this.choose("compare", first === slot ? null : slot);
    this.choose("open");
    this.asked.compare(first, slot);
  }

  /** Take a picture to carry it to another place. */
  private pick(place: string): void {
    const slot = this.slotIn(place);
    if (slot !== null) this.choose("move", slot);
  }

  private drop(place: string): void {
    const slot = this.carried;
    const to = place.startsWith(TRAY) ? TRAY : place;
    if (slot !== null && this.idOf(slot) !== place) this.byHand = moveFilm(this.mounted, this.byHand, slot, to);
    this.choose("open");
    this.arrange();
    this.draw();
    if (slot !== null) this.focus(slot);
  }

  private putBack(): void {
    this.byHand = new Map();
    this.choose("open");
  }

  /** Choose what taps do; choosing it again leaves it. */
  private choose(mode: Mode, slot: number | null = null): void {
    this.mode = mode === this.mode && slot === null && mode !== "open" ? "open" : mode;
    this.chosen = this.mode === "open" ? null : slot;
    this.change();
  }

  private change(): void {
    this.arrange();
    if (!this.element.hidden) this.draw();
    this.stage.change();
  }
}

function describe({ element: tile }: Tile, label: string, classes: Readonly<Record<string, boolean>>): void {
  tile.title = label;
  tile.setAttribute("aria-label", label);
  for (const [name, is] of Object.entries(classes)) tile.classList.toggle(name, is);
}

function emptyWords(place: Place | null): string {
  return place === null ? "" : MOUNT.spots[place.spot];
}

function nameOf(place: Place | null | undefined): string {
  return place ? placeWords(place) : MOUNT.tray;
}
