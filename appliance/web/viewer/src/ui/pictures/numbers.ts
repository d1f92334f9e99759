/** Which numbers teeth have: FDI (ISO 3950) in most of the world, the Universal ones in the United States. A choice stays in this browser. */
import type { Numbering } from "../../volume/mount";
import { element } from "../elements";
import { MOUNT } from "../words/mount";

const KEY = "enamel-teeth";
const UNITED_STATES = /^(America\/(New_York|Chicago|Denver|Los_Angeles|Phoenix|Anchorage|Detroit|Boise|Juneau|Indiana\/.*|Kentucky\/.*|North_Dakota\/.*)|Pacific\/Honolulu|US\/.*)$/;

/** Guards the choice, which tells nothing of a patient. */
export class Numbers {
  numbering: Numbering = first();
  readonly choice: HTMLSelectElement;

  constructor(change: () => void) {
    this.choice = element("select", { "aria-label": MOUNT.numbering, title: MOUNT.numbering }, ...Object.entries(MOUNT.numberings).map(([value, words]) => new Option(words, value)));
    this.choice.value = this.numbering;
    this.choice.addEventListener("change", () => {
      this.numbering = this.choice.value as Numbering;
      keep(this.numbering);
      change();
    });
  }
}

/** What was chosen before, else what the clinic's country uses, as far as a browser knows it. */
function first(): Numbering {
  const kept = found();
  if (kept === "fdi" || kept === "universal") return kept;
  const zone = new Intl.DateTimeFormat().resolvedOptions().timeZone;
  return navigator.language === "en-US" && UNITED_STATES.test(zone) ? "universal" : "fdi";
}

function found(): string | null {
  try {
    return localStorage.getItem(KEY);
  } catch {
    return null;
  }
}

function keep(numbering: Numbering): void {
  try {
    localStorage.setItem(KEY, numbering);
  } catch {
    // no storage: it is chosen anew next time
  }
}
