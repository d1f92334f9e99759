/** Measurements as a list, those of planes or of single pictures: each goes to its place, has a name, and can be taken away. */
import { element } from "./elements";
import { WORDS } from "./words";

/** One measurement as the list shows it. */
export interface Listed {
  readonly kind: "length" | "angle";
  readonly name: string;
  /** Its value and where it is. */
  readonly words: string;
}

/** What the list asks of those that are measured on; a measurement is meant by its place in the list. */
export interface Behind {
  listed(): readonly Listed[];
  goTo(at: number): void;
  rename(at: number, name: string): void;
  remove(at: number): void;
}

/** Guards that rows stand for the marks there are; it is written anew only when their number changed, or others are listed. */
export class MeasureList {
  readonly element = element("aside", { class: "measures", "aria-label": WORDS.list, hidden: "" });
  private written: unknown = null;
  private count = -1;

  /** @param behind those that are measured on now. */
  constructor(
    private readonly behind: () => Behind,
    private readonly change: () => void,
  ) {}

  toggle(): boolean {
    this.element.hidden = !this.element.hidden;
    this.write();
    return !this.element.hidden;
  }

  /** Write what is measured now. */
  write(): void {
    if (this.element.hidden) return;
    const behind = this.behind();
    const listed = behind.listed();
    if (listed.length !== this.count || behind !== this.written) this.fill(listed);
    this.written = behind;
    this.element.querySelectorAll(".value").forEach((value, at) => {
      const words = listed[at]?.words ?? "";
      if (value.textContent !== words) value.textContent = words;
    });
  }

  private fill(listed: readonly Listed[]): void {
    this.count = listed.length;
    const rows = listed.map((one, at) => this.row(one, at));
    const none = element("p", {}, WORDS.noMarks);
    this.element.replaceChildren(element("h2", {}, WORDS.list), rows.length === 0 ? none : element("ol", {}, ...rows), element("p", {}, WORDS.marksStay));
  }

  private row(one: Listed, at: number): HTMLLIElement {
    const usual = `${WORDS.kinds[one.kind]} ${String(at + 1)}`;
    const name = element("input", { type: "text", maxlength: "40", placeholder: usual, "aria-label": `${WORDS.markName}: ${usual}`, value: one.name });
    const value = element("button", { type: "button", class: "value" });
    const remove = element("button", { type: "button", class: "remove", "aria-label": `${WORDS.removeMark}: ${usual}`, title: WORDS.removeMark }, "×");
    value.addEventListener("click", () => this.with(() => this.behind().goTo(at)));
    remove.addEventListener("click", () => this.with(() => this.behind().remove(at)));
    name.addEventListener("change", () => this.with(() => this.behind().rename(at, name.value.trim())));
    return element("li", {}, name, value, remove);
  }

  private with(deed: () => void): void {
    this.count = this.behind().listed().length;
    deed();
    this.change();
  }
}
