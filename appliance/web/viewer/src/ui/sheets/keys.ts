/** The sheet of every key and gesture. */
import { element, icon, type Icon } from "../elements";
import { KEYS } from "../words/sheets";
import { dialogOf } from "./dialog";

/** Keys that a button of the bar stands for: on a tablet nothing else says what its picture means. */
const BUTTONS: Readonly<Record<string, Icon>> = { C: "cross", W: "window", P: "pan", Z: "zoom", S: "scroll", Delete: "clear", Supr: "clear", I: "invert", R: "reset", T: "series", M: "list", D: "information", F: "fullScreen", "?": "help" };

/** Show it over the page; it is made once. */
export function showKeys(mount: HTMLElement, title: string): void {
  const dialog = mount.querySelector<HTMLDialogElement>("dialog.keys") ?? made(mount, title);
  if (!dialog.open) dialog.showModal();
}

function made(mount: HTMLElement, title: string): HTMLDialogElement {
  const groups = KEYS.map(([heading, keys]) => element("section", {}, element("h3", {}, heading), element("dl", {}, ...keys.flatMap(keyLine))));
  const dialog = dialogOf("keys", title, element("div", { class: "groups" }, ...groups));
  mount.append(dialog);
  return dialog;
}

function keyLine([keys, deed]: readonly [string, string]): HTMLElement[] {
  const shown = BUTTONS[keys];
  return [element("dt", {}, keys), element("dd", {}, ...(shown === undefined ? [] : [icon(shown)]), deed)];
}
