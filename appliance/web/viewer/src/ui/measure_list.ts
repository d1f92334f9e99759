/** The planes' measurements as a list: each goes to its place, has a name, and can be taken away. */
import { valueOf, type Linked, type Mark } from "../volume/linked";
import { element } from "./elements";
import { decimal, WORDS } from "./words";

/** What the list asks of the planes. */
export interface Behind {
  linked(): Linked | null;
  goTo(mark: Mark): void;
  change(): void;
}

/** Guards that rows stand for the marks there are; it is written anew only when their number changed. */
export class MeasureList {
  readonly element = element("aside", { class: "measures", "aria-label": WORDS.list, hidden: "" });
  private count = -1;

  constructor(private readonly behind: Behind) {}

  toggle(): boolean {
    this.element.hidden = !this.element.hidden;
    this.write();
    return !this.element.hidden;
  }

  /** Write what is measured now. */
  write(): void {
    if (this.element.hidden) return;
    const marks = this.behind.linked()?.marks ?? [];
    if (marks.length !== this.count) this.fill(marks);
    this.element.querySelectorAll(".value").forEach((value, at) => {
      const words = wordsOf(marks[at]);
      if (value.textContent !== words) value.textContent = words;
    });
  }

  private fill(marks: readonly Mark[]): void {
    this.count = marks.length;
    const rows = marks.map((mark, at) => this.row(mark, at));
    const none = element("p", {}, WORDS.noMarks);
    this.element.replaceChildren(element("h2", {}, WORDS.list), rows.length === 0 ? none : element("ol", {}, ...rows));
  }

  private row(mark: Mark, at: number): HTMLLIElement {
    const usual = `${WORDS.kinds[mark.kind]} ${String(at + 1)}`;
    const name = element("input", { type: "text", maxlength: "40", placeholder: usual, "aria-label": `${WORDS.markName}: ${usual}`, value: mark.name ?? "" });
    const value = element("button", { type: "button", class: "value" });
    const remove = element("button", { type: "button", class: "remove", "aria-label": `${WORDS.removeMark}: ${usual}`, title: WORDS.removeMark }, "×");
    value.addEventListener("click", () => this.with(at, (marks, one) => this.behind.goTo(marks[at] ?? one)));
    remove.addEventListener("click", () => this.with(at, (marks) => marks.splice(at, 1)));
    name.addEventListener("change", () => this.with(at, (marks, one) => (marks[at] = { ...one, name: name.value.trim() })));
    return element("li", {}, name, value, remove);
  }

  private with(at: number, deed: (marks: Mark[], mark: Mark) => unknown): void {
    const marks = this.behind.linked()?.marks;
    const mark = marks?.[at];
    if (marks === undefined || mark === undefined) return;
    deed(marks, mark);
    this.behind.change();
  }
}

function wordsOf(mark: Mark | undefined): string {
  const value = mark === undefined ? null : valueOf(mark);
  if (mark === undefined || value === null) return "";
  const unit = mark.kind === "length" ? " mm" : "°";
  return `${decimal(value, 1)}${unit} · ${WORDS.cells[mark.plane]}`;
}
