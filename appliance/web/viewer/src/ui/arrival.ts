/** Says on the picture what is still to come: how much, how long, whether what is seen is coarse, and when a connection is taken up. */
import { Pace, roughly, SOON_SECONDS } from "../volume/arrival";
import type { Stage } from "./stage";
import { WORDS } from "./words";

const LONG_SECONDS = 5; // worth a body from the small volume, which keeps a processor that draws from what still comes

/** Guards the one line that says it. */
export class Arrival {
  private readonly pace = new Pace();
  private all = 0;
  private begun = Infinity;
  private cutUntil: number | null = null;
  private over = false;
  private timer: ReturnType<typeof setTimeout> | undefined;

  constructor(private readonly stage: Stage) {}

  /** A series begins whose files are so many bytes. */
  begin(all: number): void {
    this.all = Math.max(1, all);
    this.begun = performance.now();
    this.write();
  }

  /** So many bytes have come, of `all` where that is said. */
  came(bytes: number, all: number | null): void {
    this.all = all ?? this.all;
    this.pace.count(bytes, performance.now());
    if (this.cutUntil !== null) this.mend();
    const { progress } = this.stage.room;
    progress.value = Math.min(1, bytes / this.all);
  }

  /** The connection was cut; it is taken up in so many seconds. */
  cut(seconds: number): void {
    this.cutUntil = performance.now() + 1000 * seconds;
    this.pace.pause();
    this.countDown();
  }

  private countDown(): void {
    clearTimeout(this.timer);
    this.write();
    if (this.cutUntil !== null && this.cutUntil > performance.now()) this.timer = setTimeout(() => this.countDown(), 1000);
  }

  private mend(): void {
    this.cutUntil = null;
    clearTimeout(this.timer);
    this.write();
  }

  get isOver(): boolean {
    return this.over;
  }

  /** Nothing more comes. */
  end(): void {
    this.over = true;
    this.mend();
    this.stage.room.progress.hidden = true;
  }

  write(): void {
    const { coming, cut, progress } = this.stage.room;
    const words = this.over ? "" : this.words();
    put(coming, words);
    progress.setAttribute("aria-valuetext", words);
    put(cut, this.cutUntil === null ? "" : this.cutWords(this.cutUntil));
  }

  private cutWords(until: number): string {
    const seconds = Math.ceil((until - performance.now()) / 1000);
    return seconds > 1 ? WORDS.coming.cutFor(seconds) : WORDS.coming.cut;
  }

  /** Seconds until all is there; null where that cannot be told. */
  get secondsLeft(): number | null {
    return this.cutUntil === null ? this.pace.secondsTo(this.all, performance.now()) : Infinity;
  }

  /** Say whether the rest takes so long that something may be drawn meanwhile that has to be drawn again. */
  get takesLong(): boolean {
    const isSure = performance.now() - this.begun >= 1000 * SOON_SECONDS; // the first bytes come slower than the others
    return !this.over && isSure && (this.secondsLeft ?? 0) >= LONG_SECONDS;
  }

  private words(): string {
    const { showing, volume } = this.stage;
    const [come, count] = [showing.stack.settled, showing.stack.slots.length];
    if (count === 0 || this.stage.mount.dataset["ready"] === undefined) return "";
    const left = this.secondsLeft;
    const seconds = left !== null && left >= SOON_SECONDS && Number.isFinite(left) ? left : null;
    const isVolume = volume.planes !== null;
    if (!isVolume && seconds === null) return ""; // pictures one by one are never coarse, and soon there
    const said = isVolume ? WORDS.coming.coarse(come, count) : WORDS.coming.images(come, count);
    return seconds === null ? said : `${said}, ${WORDS.coming.about(roughly(seconds))}`;
  }
}

function put(into: HTMLElement, words: string): void {
  if (into.textContent !== words) into.textContent = words;
  into.hidden = words === "";
}
