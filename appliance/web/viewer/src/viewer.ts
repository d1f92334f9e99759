/** The page's script: finds the mount, starts the worker, and hands its messages to the viewing room. */
import type { FromReader, FromScanner, ToReader } from "./messages";
import { openFilesPage } from "./ui/local/page";
import { Viewing } from "./ui/viewing";
import { WORDS } from "./ui/words";

const USUAL_TEXTURE_MEGABYTES = 1536;

function makeViewing(mount: HTMLElement): Viewing {
  const { title = "", back, textureMegabytes } = mount.dataset;
  const megabytes = Number(textureMegabytes) || USUAL_TEXTURE_MEGABYTES;
  return new Viewing(mount, title, back ?? null, megabytes * 2 ** 20);
}

function startWorker(receive: (message: FromReader | FromScanner) => void, crashed: () => void): Worker {
  const worker = new Worker(new URL("worker.js", import.meta.url), { type: "module", name: "enamel-reader" });
  worker.addEventListener("message", (event: MessageEvent<FromReader | FromScanner>) => receive(event.data));
  worker.addEventListener("error", crashed);
  return worker;
}

function start(mount: HTMLElement): void {
  const viewing = makeViewing(mount);
  const { stream } = mount.dataset;
  if (stream === undefined) return viewing.stop(WORDS.empty, "empty");
  const worker = startWorker((message) => viewing.receive(message as FromReader), () => viewing.stop(WORDS.crashed, "failed"));
  worker.postMessage(new URL(stream, location.href).href satisfies ToReader);
}

const mount = document.getElementById("viewer");
if (mount !== null) start(mount);
const files = document.getElementById("files");
if (files !== null) openFilesPage(files, { viewing: makeViewing, worker: startWorker });
