/** Which numbers teeth have: FDI (ISO 3950) in most of the world, the Universal ones in the United States. A choice stays in this browser. */
import type { Numbering } from "../../volume/mount";
import { element } from "../elements";
import { MOUNT } from "../words/mount";

const KEY = "enamel-teeth";
const COOKIE = `__Host-${KEY}`;
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

/** The cookie outlasts a sign-out, which empties the storage; the storage serves where there are no cookies, in a package opened from a disk. */
function found(): string | null {
  try {
    const cookie = document.cookie.split("; ").find((each) => each.startsWith(`${COOKIE}=`));
    return cookie === undefined ? localStorage.getItem(KEY) : cookie.slice(COOKIE.length + 1);
  } catch {
    return null;
  }
}

function keep(numbering: Numbering): void {
  try {
    document.cookie = `${COOKIE}=${numbering}; Path=/; Secure; SameSite=Strict; Max-Age=31536000`;
    localStorage.setItem(KEY, numbering);
  } catch {
    // neither is allowed here: it is chosen anew next time
  }
}
