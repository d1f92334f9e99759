/** A sheet over the pictures. */
import { element } from "../elements";
import { SHEET_WORDS } from "../words/sheets";

/** A dialog with a heading and a button that closes it. */
export function dialogOf(name: string, title: string, ...inside: readonly HTMLElement[]): HTMLDialogElement {
  const close = element("button", { type: "button", class: "close" }, SHEET_WORDS.close);
  const dialog = element("dialog", { class: name, "aria-label": title }, element("header", {}, element("h2", {}, title), close), ...inside);
  close.addEventListener("click", () => dialog.close());
  dialog.addEventListener("click", (event) => event.target === dialog && dialog.close()); // outside it
  return dialog;
}
