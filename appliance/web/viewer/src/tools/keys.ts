/** The keyboard. Keys typed into a field of a form stay there, but for those of the image slider, which means the same. */
import type { Actions } from "./actions";

type Deed = (actions: Actions) => void;

const DEEDS: Readonly<Record<string, Deed>> = {
  ArrowUp: (actions) => actions.scroll(-1),
  ArrowLeft: (actions) => actions.scroll(-1),
  ArrowDown: (actions) => actions.scroll(1),
  ArrowRight: (actions) => actions.scroll(1),
  PageUp: (actions) => actions.scroll(-10),
  PageDown: (actions) => actions.scroll(10),
  Home: (actions) => actions.goTo(0),
  End: (actions) => actions.goTo(actions.images - 1),
  "+": (actions) => actions.zoom(null, 1.25),
  "=": (actions) => actions.zoom(null, 1.25),
  "-": (actions) => actions.zoom(null, 0.8),
  c: (actions) => actions.choose("cross"),
  l: (actions) => actions.choose("length"),
  a: (actions) => actions.choose("angle"),
  Delete: (actions) => actions.remove(),
  Backspace: (actions) => actions.remove(),
  w: (actions) => actions.choose("window"),
  p: (actions) => actions.choose("pan"),
  z: (actions) => actions.choose("zoom"),
  s: (actions) => actions.choose("scroll"),
  i: (actions) => actions.invert(),
  r: (actions) => actions.reset(),
  f: (actions) => actions.fullScreen(),
  "?": (actions) => actions.help(),
};

/** What more a key does, by its chord ("Shift+ArrowUp", "["); false where it has no meaning now. */
export type MoreKeys = Readonly<Record<string, () => boolean>>;

/** Listen to the whole page, until told to stop. */
export function listenToKeys(page: Document, actions: Actions, more: MoreKeys = {}, until: AbortSignal | null = null): void {
  const listener = (event: KeyboardEvent): void => {
    if (event.metaKey || event.altKey || isTyping(event.target) || isPressing(event)) return;
    if (more[chordOf(event)]?.() === true || usual(event, actions)) event.preventDefault();
  };
  page.addEventListener("keydown", listener, until === null ? {} : { signal: until });
}

function usual({ key, ctrlKey }: KeyboardEvent, actions: Actions): boolean {
  const deed = ctrlKey ? null : (DEEDS[key] ?? presetDeed(key));
  deed?.(actions);
  return deed !== null;
}

/** Letters and signs say themselves what Shift did; other keys do not. */
function chordOf({ key, ctrlKey, shiftKey }: KeyboardEvent): string {
  return `${ctrlKey ? "Ctrl+" : ""}${shiftKey && key.length > 1 ? "Shift+" : ""}${key}`;
}

/** Enter and Space on a button or a link press it; in an open dialog all keys are the dialog's. */
function isPressing({ key, target }: KeyboardEvent): boolean {
  if (!(target instanceof Element)) return false;
  return target.closest("dialog[open]") !== null || ((key === "Enter" || key === " ") && target.closest("button, a, summary") !== null);
}

function presetDeed(key: string): Deed | null {
  return /^[1-9]$/.test(key) ? (actions) => actions.preset(Number(key) - 1) : null;
}

function isTyping(target: EventTarget | null): boolean {
  return target instanceof HTMLSelectElement || (target instanceof HTMLInputElement && target.type !== "range");
}
