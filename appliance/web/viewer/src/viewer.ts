/** The page's script: finds the mount, starts the worker, and hands its messages to the viewing room. */
import type { FromReader } from "./messages";
import { Viewing } from "./ui/viewing";
import { WORDS } from "./ui/words";

const USUAL_TEXTURE_MEGABYTES = 1536;

function start(mount: HTMLElement): void {
  const { stream, title = "", back, textureMegabytes } = mount.dataset;
  const megabytes = Number(textureMegabytes) || USUAL_TEXTURE_MEGABYTES;
  const viewing = new Viewing(mount, title, back ?? null, megabytes * 2 ** 20);
  if (stream === undefined) return viewing.stop(WORDS.empty, "empty");
  const worker = new Worker(new URL("worker.js", import.meta.url), { type: "module", name: "enamel-reader" });
  worker.addEventListener("message", (event: MessageEvent<FromReader>) => viewing.receive(event.data));
  worker.addEventListener("error", () => viewing.stop(WORDS.crashed, "failed"));
  worker.postMessage(new URL(stream, location.href).href);
}

const mount = document.getElementById("viewer");
if (mount !== null) start(mount);
