/** The script of the page on which a person's own files are opened: the viewer, and what finds and reads such files. */
import { makeViewing, workerFrom } from "./making";
import { openFilesPage } from "./ui/local/page";

const mount = document.getElementById("files");
if (mount !== null) openFilesPage(mount, { viewing: makeViewing, worker: workerFrom("local.js") });
