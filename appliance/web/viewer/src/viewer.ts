/** The page's script: finds what is to be shown, starts the worker, and hands its messages to the viewing room. */
import type { FromReader, FromScanner } from "./messages";
import { openFilesPage } from "./ui/local/page";
import { openSeriesPage } from "./ui/series/page";
import { Viewing, type Extras } from "./ui/viewing";

const USUAL_TEXTURE_MEGABYTES = 1536;

function makeViewing(mount: HTMLElement, extras?: Extras): Viewing {
  const { title = "", back, textureMegabytes } = mount.dataset;
  const megabytes = Number(textureMegabytes) || USUAL_TEXTURE_MEGABYTES;
  return new Viewing(mount, title, back ?? null, megabytes * 2 ** 20, extras);
}

function startWorker(receive: (message: FromReader | FromScanner) => void, crashed: () => void): Worker {
  const worker = new Worker(new URL("worker.js", import.meta.url), { type: "module", name: "enamel-reader" });
  worker.addEventListener("message", (event: MessageEvent<FromReader | FromScanner>) => receive(event.data));
  worker.addEventListener("error", crashed);
  return worker;
}

const mount = document.getElementById("viewer");
if (mount !== null) openSeriesPage(mount, { viewing: makeViewing, worker: startWorker });
const files = document.getElementById("files");
if (files !== null) openFilesPage(files, { viewing: makeViewing, worker: startWorker });
