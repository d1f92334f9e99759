/** The script of a page that shows a series of the box. */
import { makeViewing, workerFrom } from "./making";
import { openSeriesPage } from "./ui/series/page";

const mount = document.getElementById("viewer");
if (mount !== null) openSeriesPage(mount, { viewing: makeViewing, worker: workerFrom("worker.js") });
