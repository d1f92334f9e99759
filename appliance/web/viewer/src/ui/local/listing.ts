/** What was found in a person's files, as the study page shows what the box holds. */
import type { Found, LocalSeries, LocalStudy } from "../../local/scanning";
import { element } from "../elements";
import { decimal } from "../words";
import { day } from "../words/day";
import { fileWords, FILES_WORDS, STORING_WORDS, zipWords } from "../words/files";

const MOST_NAMED = 5;

/** What a person can do with what was found; `store` makes the button that offers it, and whoever may not has none. */
export interface Doing {
  readonly view: (series: LocalSeries, study: LocalStudy) => void;
  readonly store: ((study: LocalStudy) => HTMLButtonElement) | null;
}

/** Show what was found. */
export function listing(found: Found, doing: Doing): HTMLElement {
  const list = element("div", { class: "found" });
  list.append(...found.refused.map(({ path, code }) => notice("bad", FILES_WORDS.refusedTitle(path), zipWords(code))));
  list.append(...troubles(found));
  if (found.studies.length === 0) list.append(nothing());
  list.append(...found.studies.map((study) => card(study, doing)));
  const small = [found.copies > 0 ? FILES_WORDS.copies(found.copies) : "", found.others > 0 ? FILES_WORDS.others(found.others) : ""].filter((one) => one !== "");
  if (small.length > 0) list.append(element("p", { class: "soft small" }, small.join(" ")));
  return list;
}

/** Name a person's study in one line for the strip above the pictures. */
export function titleOf({ subject }: LocalSeries): { readonly name: string; readonly facts: string } {
  const parts = [subject.seriesDescription || subject.studyDescription, day(subject.studyDate), FILES_WORDS.local];
  return { name: subject.patientName || FILES_WORDS.noName, facts: parts.filter((part) => part !== "").join(" · ") };
}

function nothing(): HTMLElement {
  return element("div", { class: "panel empty" }, element("h2", {}, FILES_WORDS.nothing), element("p", {}, FILES_WORDS.nothingMore));
}

function troubles({ missing, broken }: Found): HTMLElement[] {
  const told: HTMLElement[] = [];
  if (missing > 0) told.push(notice("warn", FILES_WORDS.missingTitle(missing), FILES_WORDS.missing));
  if (broken.length > 0) {
    const names = broken.slice(0, MOST_NAMED).map(({ path, why }) => `${path}: ${fileWords(why)}`);
    if (broken.length > MOST_NAMED) names.push(FILES_WORDS.andMore(broken.length - MOST_NAMED));
    told.push(notice("warn", FILES_WORDS.brokenTitle(broken.length), ...names));
  }
  return told;
}

/** Say that a disc's table of contents names somebody else. */
export function contradiction(names: readonly string[]): HTMLElement {
  return notice("bad", STORING_WORDS.otherTitle, STORING_WORDS.other(names.join("; ")));
}

function notice(tone: "bad" | "warn", title: string, ...lines: readonly string[]): HTMLElement {
  return element("div", { class: `notice ${tone}`, role: "alert" }, element("div", {}, element("strong", {}, title), ...lines.map((line) => element("div", {}, line))));
}

function card(whole: LocalStudy, doing: Doing): HTMLElement {
  const { subject, series, otherwise } = whole;
  const about = [subject.patientId, subject.birthDate === "" ? "" : FILES_WORDS.born(day(subject.birthDate))];
  const study = [subject.studyDescription, subject.studyDate === "" ? "" : day(subject.studyDate)];
  return element(
    "section",
    { class: "study" },
    element(
      "div",
      { class: "about" },
      element("h2", {}, element("bdi", {}, subject.patientName || FILES_WORDS.noName), " ", element("small", {}, joined(about))),
      element("p", { class: "soft" }, joined(study) || FILES_WORDS.noStudy),
      ...(doing.store === null ? [] : [doing.store(whole)]),
    ),
    ...(otherwise.length === 0 ? [] : [contradiction(otherwise)]),
    element("ul", { class: "rows panel" }, ...series.map((one) => element("li", {}, row(one, () => doing.view(one, whole))))),
  );
}

function row(series: LocalSeries, view: () => void): HTMLElement {
  const { subject, files } = series;
  const title = subject.seriesDescription || `${FILES_WORDS.noSeries} ${subject.seriesNumber === null ? "" : String(subject.seriesNumber)}`.trim();
  const button = element("button", { type: "button", class: "button primary", "aria-label": `${FILES_WORDS.view}: ${title}` }, FILES_WORDS.view);
  button.addEventListener("click", view);
  return element(
    "div",
    { class: "series" },
    element("span", { class: "kind", "aria-hidden": "true" }, subject.modality.slice(0, 4) || "–"),
    element("div", {}, element("h3", {}, element("bdi", {}, title)), element("p", { class: "facts-line" }, factsOf(files))),
    button,
  );
}

function factsOf(files: LocalSeries["files"]): string {
  return FILES_WORDS.files(files.length, megabytes(files.reduce((sum, file) => sum + file.bytes, 0)));
}

/** Write a size as a person reads it. */
export function megabytes(bytes: number): string {
  const value = bytes / 1e6;
  return `${decimal(value, value < 10 ? 1 : 0)} MB`;
}

function joined(parts: readonly string[]): string {
  return parts.filter((part) => part !== "").join(" · ");
}
