/** Draws what the stage shows: at most once a screen refresh, and only after a change. */
import type { Looks } from "../render/planes";
import { isWorthWaiting } from "../volume/arrival";
import { writeControls, writePane } from "./overlay";
import type { PaneParts } from "./room";
import type { Showing } from "./showing";
import type { Stage } from "./stage";
import { oddityWords, WORDS } from "./words";

const LOADING_LOOK_MS = 250;
const LOADING_SHARE = 8; // while slices come, at most one part in so many of the time goes into drawing
const MOST_TOOK_MS = 400; // a tab in the background, and the first planes, wait for more than their drawing
const LOOK_AGAIN_MS = 20;

/** Guards that no drawing is asked for twice. */
export class Drawing {
  private isAsked = false;
  private isSoon = false;
  private isUsable = false;
  /** How long the last drawing of planes before all slices were there kept the page, presenting it included. */
  private tookMs = 0;
  /** Since when planes of the small volume stand for what comes; infinite where there is none. */
  private standsSince = Infinity;
  private timer: ReturnType<typeof setTimeout> | undefined;

  constructor(private readonly stage: Stage) {}

  change(): void {
    if (this.isAsked) return;
    this.isAsked = true;
    requestAnimationFrame(() => {
      if (this.isAsked) this.redraw(); // else it was drawn meanwhile
    });
  }

  /** The first planes were drawn from the small volume, and kept the page for so long. */
  began(tookMs: number): void {
    this.tookMs = Math.min(tookMs, MOST_TOOK_MS);
    this.standsSince = performance.now();
  }

  /** Nothing is drawn any more by itself. */
  close(): void {
    this.isSoon = true;
    clearTimeout(this.timer);
  }

  /** Slices come faster than planes are worth drawing: now and then is enough, for hands never wait for this. */
  changeSoon(): void {
    if (this.stage.volume.planes === null) return this.change();
    if (this.isSoon) return;
    this.isSoon = true;
    this.drawLater();
  }

  /** Where all is there soon, a drawing would only hold the last slices up: they bring their own. */
  private drawLater(since = performance.now()): void {
    this.timer = setTimeout(() => {
      const { arrival } = this.stage;
      const now = performance.now();
      const isRested = now - since >= (LOADING_SHARE - 1) * this.tookMs;
      if (arrival.isOver) this.isSoon = false;
      else if (isRested && !isWorthWaiting(arrival.secondsLeft, now - this.standsSince)) this.drawWhileLoading();
      else {
        arrival.write();
        this.drawLater(since);
      }
    }, LOADING_LOOK_MS);
  }

  private drawWhileLoading(): void {
    requestAnimationFrame(() => {
      const begin = performance.now();
      this.redraw();
      requestAnimationFrame(() => {
        this.tookMs = Math.min(performance.now() - begin, MOST_TOOK_MS);
        this.isSoon = false;
      });
    });
  }

  redraw(): void {
    this.isAsked = false;
    const { room, showing, renderer, volume, flat, arrival } = this.stage;
    fit(room, showing);
    if (renderer !== null && arrival.takesLong) renderer.isBodyEarly = true;
    if (renderer !== null && volume.planes === null) showing.draw(renderer);
    if (renderer !== null) volume.draw(renderer);
    if (renderer !== null) this.writeMessage();
    flat.draw(volume.planes === null);
    this.writeLasting();
    writePane(room, showing);
    const { layouts, active } = this.stage;
    layouts?.draw();
    if (layouts?.beside) active.flat.draw(true); // its own marks say whether there is something to remove
    writeControls(active.room, active.showing);
    arrival.write();
    this.markUsable();
  }

  /** What is said of a picture stands over pictures alone; what is said of a refusal stays. */
  private writeMessage(): void {
    const { room, showing, volume, mount } = this.stage;
    if (mount.dataset["ready"] === "refused") return;
    if (volume.planes === null) writeProblem(room, showing);
    else room.message.hidden = true;
  }

  /** Note when three planes can first be used, for whoever measures. */
  private markUsable(): void {
    const { renderer, volume } = this.stage;
    if (this.isUsable || volume.planes === null || renderer?.isUsable !== true) return;
    this.isUsable = true;
    performance.mark("enamel-planes-usable");
  }

  /** Tell when all that can be seen was drawn at its best. */
  whenDrawn(tell: () => void): void {
    if (this.isAsked || this.stage.volume.planes?.isFine === false) setTimeout(() => this.whenDrawn(tell), LOOK_AGAIN_MS);
    else tell();
  }

  /** What is odd about these pictures stays said, whatever else is told meanwhile. */
  private writeLasting(): void {
    const { room: { lasting }, renderer, volume } = this.stage;
    const factor = renderer?.factor ?? 1;
    const words = [...(volume.geometry?.oddities ?? []).map(oddityWords), ...(factor > 1 ? [WORDS.coarse(factor)] : [])].join(" ");
    if (lasting.textContent !== words) lasting.textContent = words;
    lasting.hidden = words === "";
  }
}

/** A canvas is as large as its pane whenever it is drawn on: an observer does not tell of a pane that shrank and grew again between two looks. */
export function fit({ pane, canvas }: PaneParts, showing: Showing): void {
  const { clientWidth: width, clientHeight: height } = pane;
  const ratio = window.devicePixelRatio || 1;
  showing.pane = { width: Math.max(1, width), height: Math.max(1, height) };
  const [across, down] = [Math.max(1, Math.round(width * ratio)), Math.max(1, Math.round(height * ratio))];
  if (canvas.width !== across) canvas.width = across; // telling it its own size would wipe what is on it
  if (canvas.height !== down) canvas.height = down;
}

/** Say of the picture that is wanted why it cannot be shown, or nothing. */
export function writeProblem(room: PaneParts, { stack, wanted, position }: Showing): void {
  const problem = stack.slots[wanted]?.problem ?? null;
  room.message.hidden = problem === null;
  if (problem !== null) room.message.textContent = `${WORDS.cannotShow(position + 1)}. ${problem}`;
}

/** How the planes are to be shown: the same window for all. */
export function looksOf(showing: Showing): Looks {
  const shown = showing.first;
  const photometric = shown?.facts.photometric;
  const window = shown === null ? { centre: 0, width: 1, name: "" } : showing.windowOf(shown);
  return { window, voiFunction: shown?.facts.voiFunction ?? "LINEAR", inverted: showing.inverted !== (photometric === "MONOCHROME1") };
}
