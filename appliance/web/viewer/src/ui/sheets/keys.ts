/** The sheet of every key and gesture. */
import { element } from "../elements";
import { KEYS } from "../words/sheets";
import { dialogOf } from "./dialog";

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
  return [element("dt", {}, keys), element("dd", {}, deed)];
}
