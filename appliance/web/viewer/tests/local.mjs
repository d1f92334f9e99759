/** A person's own files by real hands: dropped, or chosen by the page's buttons. Every request is kept, with the size of its body. */
import path from "node:path";
import { context, faults, folder, origin, settle, state, until } from "./browser.mjs";

const requests = [];

async function openPage() {
  const page = await context.newPage();
  page.on("request", (request) => requests.push({ method: request.method(), path: new URL(request.url()).pathname, body: request.postDataBuffer()?.length ?? 0 }));
  page.on("request", (request) => {
    if (!request.url().startsWith(origin) && !/^(data|blob):/.test(request.url())) faults.foreign.push(request.url());
  });
  page.on("pageerror", (error) => faults.errors.push(String(error)));
  page.on("console", (message) => {
    if (/Content.Security.Policy|Refused to/.test(message.text())) faults.policy.push(message.text());
  });
  await page.goto(`${origin}/files`);
  await ready(page, "choose");
  return page;
}

async function ready(page, wanted) {
  for (let tries = 0; tries < 1000; tries++) {
    if ((await page.evaluate(() => document.getElementById("files").dataset.ready)) === wanted) return;
    await page.waitForTimeout(20);
  }
  throw new Error(`not ${wanted}: ${JSON.stringify(faults)}`);
}

/** Drop files or folders of this machine, as its file manager would. */
async function drop(page, ...names) {
  const hands = await context.newCDPSession(page);
  const data = { items: [], files: names.map((name) => path.join(folder, name)), dragOperationsMask: 1 };
  const box = await page.locator(".drop").boundingBox();
  const at = { x: box.x + box.width / 2, y: box.y + box.height / 2 };
  for (const type of ["dragEnter", "dragOver", "drop"]) await hands.send("Input.dispatchDragEvent", { type, ...at, data });
}

const said = (page) => page.evaluate(() => document.querySelector(".result").innerText);

/** View the series at this place of the list, give its voxels, and go back. */
async function look(page, place) {
  await page.locator(".found button.primary").nth(place).click();
  await until(page, ["all", "failed", "empty"]);
  await settle(page);
  const { images, problems } = await state(page);
  const voxels = [];
  for (let slot = 0; slot < images; slot++) voxels.push(await page.evaluate((at) => window.enamelViewer.stored(at), slot));
  const title = await page.evaluate(() => document.querySelector(".strip .subject").textContent);
  await page.locator(".strip .back").click();
  return { title, problems, voxels };
}

async function openedBy(choose) {
  const page = await openPage();
  await choose(page);
  await ready(page, "found");
  const series = await page.locator(".found button.primary").count();
  const found = { said: await said(page), series: [] };
  for (let place = 0; place < series; place++) found.series.push(await look(page, place));
  found.again = await said(page);
  await page.close();
  return found;
}

/** Open each thing in the folder: dropped, then the folder and the ZIP once more by their fields. */
export async function local() {
  const { things } = JSON.parse(process.env.ENAMEL_LOCAL);
  const found = {};
  for (const name of things) found[name] = await openedBy((page) => drop(page, name));
  found["by the folder field"] = await openedBy((page) => page.setInputFiles("input.folder", path.join(folder, "disc")));
  found["by the files field"] = await openedBy((page) => page.setInputFiles("input.files", path.join(folder, "disc.zip")));
  return { ...found, requests };
}
