/** What both of the viewer's pages are made with. */
import type { FromReader, FromScanner } from "./messages";
import { Viewing, type Extras } from "./ui/viewing";

const USUAL_TEXTURE_MEGABYTES = 1536;

/** Furnish a mount; its attributes say what the page wants. */
export function makeViewing(mount: HTMLElement, extras?: Extras): Viewing {
  const { title = "", back, textureMegabytes } = mount.dataset;
  const megabytes = Number(textureMegabytes) || USUAL_TEXTURE_MEGABYTES;
  return new Viewing(mount, title, back ?? null, megabytes * 2 ** 20, extras);
}

/** Make what starts a worker of this file. */
export function workerFrom(file: string) {
  return (receive: (message: FromReader | FromScanner) => void, crashed: () => void): Worker => {
    const worker = new Worker(new URL(file, import.meta.url), { type: "module", name: "enamel-reader" });
    worker.addEventListener("message", (event: MessageEvent<FromReader | FromScanner>) => receive(event.data));
    worker.addEventListener("error", crashed);
    return worker;
  };
}
