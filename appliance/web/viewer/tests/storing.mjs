/** Storing opened files by real hands: nothing leaves before the press, and what came of it is said. */
import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import path from "node:path";
import { context, faults, folder, origin } from "./browser.mjs";

const { cookie: [name, value] = [], shots = "" } = JSON.parse(process.env.ENAMEL_LOCAL ?? "{}");
const axe = await readFile(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
const sent = [];

async function openPage() {
  await context.addCookies([{ name, value, domain: "127.0.0.1", path: "/", secure: true, httpOnly: true, sameSite: "Strict" }]);
  const page = await context.newPage();
  page.on("request", (request) => {
    const { pathname } = new URL(request.url());
    if (request.method() !== "GET" && pathname !== "/session/active") sent.push(`${request.method()} ${pathname}`);
  });
  page.on("pageerror", (error) => faults.errors.push(String(error)));
  page.on("console", (message) => {
    if (/Content.Security.Policy|Refused to/.test(message.text())) faults.policy.push(message.text());
  });
  await page.goto(`${origin}/files`);
  return page;
}

async function choose(page, ...names) {
  const whole = names.length === 1 && !names[0].includes(".");
  await page.setInputFiles(whole ? "input.folder" : "input.files", whole ? path.join(folder, names[0]) : names.map((one) => path.join(folder, one)));
  await page.locator(".found button.store").first().waitFor();
}

const dialog = (page) => page.locator("dialog.store");
const text = async (page) => (await dialog(page).innerText()).split("\n").filter((line) => line.trim() !== "");
const button = (page, words) => dialog(page).getByRole("button", { name: words });

/** Ask axe about the page as it is. */
async function violations(page) {
  await page.evaluate(axe);
  const { violations: told } = await page.evaluate(() => window.axe.run(document, { runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"] }));
  return told.map(({ id, nodes }) => `${id}: ${nodes.map(({ target }) => target.join(" ")).join(", ")}`);
}

async function shoot(page, name) {
  if (shots !== "") await page.screenshot({ path: path.join(shots, `${name}.png`) });
}

/** Press, and give what is said when it is over. */
async function storeBy(page, press) {
  await press();
  await button(page, "Close").waitFor();
  return text(page);
}

async function offer(page) {
  await page.locator(".found button.store").first().click();
  await dialog(page).waitFor();
}

async function closed(page) {
  await dialog(page).waitFor({ state: "detached" });
}

/** Nothing is sent before the press; Escape takes the offer back; what is stored can be stored again. */
async function first(page, found) {
  await choose(page, "scan");
  await offer(page);
  found.asked = await text(page);
  found.focused = await page.evaluate(() => document.activeElement.id);
  found.violations = await violations(page);
  await shoot(page, "asked");
  await page.keyboard.press("Escape");
  await closed(page);
  found.before = sent.splice(0);
  await offer(page);
  await page.keyboard.press("Tab");
  found.stored = await storeBy(page, () => page.keyboard.press("Enter"));
  found.violations.push(...(await violations(page)));
  found.once = sent.splice(0);
  await button(page, "Close").click();
  found.named = await page.locator(".found button.store").first().textContent();
  await choose(page, "scan.zip");
  await offer(page);
  found.again = await storeBy(page, () => button(page, "Store 9 images").click());
}

/** What the box refuses is named by its file. */
async function refused(page, found) {
  await choose(page, "odd");
  await offer(page);
  found.refused = await storeBy(page, () => button(page, /^Store 1\d images$/).click());
  await shoot(page, "refused");
  await button(page, "Close").click();
  await closed(page);
  sent.splice(0);
}

/** A disc whose table of contents names somebody else is told so, and stored only when a person says to have looked. */
async function swapped(page, found) {
  await choose(page, "swapped");
  found.swappedList = await page.locator(".found").innerText();
  await offer(page);
  found.swapped = (await text(page)).join(" ");
  found.violations.push(...(await violations(page)));
  await shoot(page, "swapped");
  found.heldBack = await button(page, /^Store /).isDisabled();
  await dialog(page).getByRole("checkbox").check();
  found.letGo = await button(page, /^Store /).isEnabled();
  await button(page, "Not now").click();
  await closed(page);
}

/** A transfer that was stopped, or that met a box that is gone, goes on where it was. */
async function stopped(page, found) {
  await choose(page, "many");
  await offer(page);
  let held = 0;
  await page.route("**/dicomweb/studies", (route) => (held++ === 0 ? route.continue() : undefined));
  await button(page, "Store 102 images").click();
  while (held < 2) await page.waitForTimeout(20);
  await shoot(page, "storing");
  found.progress = await text(page);
  found.stopped = await storeBy(page, () => page.keyboard.press("Escape"));
  await page.unroute("**/dicomweb/studies");
  await page.route("**/dicomweb/studies", (route) => route.abort());
  found.unreached = await storeBy(page, () => goOn(page));
  await page.unroute("**/dicomweb/studies");
  await page.route("**/dicomweb/studies", (route) => route.fulfill({ status: 401, contentType: "application/problem+json", body: "{}" }));
  found.locked = await storeBy(page, () => goOn(page));
  await page.unroute("**/dicomweb/studies");
  sent.splice(0);
  found.wentOn = await storeBy(page, () => goOn(page));
  found.requests = sent.splice(0);
  found.link = await dialog(page).getByRole("link").getAttribute("href");
  await dialog(page).getByRole("link").click();
  await page.waitForURL("**/studies/*");
  found.shown = await page.evaluate(() => document.querySelector("main").innerText);
}

/** The words of the step before stay until the next one begins: wait for that. */
async function goOn(page) {
  await button(page, "Go on").click();
  await button(page, "Go on").waitFor({ state: "detached" }).catch(() => undefined);
}

/** From the viewing room the same is offered. */
async function whileViewing(page, found) {
  await choose(page, "scan");
  await page.locator(".found button.primary").first().click();
  await page.locator(".strip button.store").click();
  await dialog(page).waitFor();
  found.viewing = await text(page);
  found.violations.push(...(await violations(page)));
  await shoot(page, "viewing");
  await button(page, "Not now").click();
  await closed(page);
}

/** Whoever may not store is offered nothing. */
async function without(page, found) {
  await page.route("**/files", async (route) => {
    const answer = await route.fetch();
    await route.fulfill({ response: answer, body: (await answer.text()).replace(/ data-store="[^"]*"/, "") });
  });
  await page.goto(`${origin}/files`);
  await page.setInputFiles("input.folder", path.join(folder, "scan"));
  await page.locator(".found button.primary").first().waitFor();
  found.without = await page.locator("button.store").count();
}

export async function storing() {
  const found = {};
  const page = await openPage();
  await first(page, found);
  await button(page, "Close").click();
  await refused(page, found);
  await swapped(page, found);
  await whileViewing(page, found);
  await page.locator(".strip .back").click();
  await stopped(page, found);
  await without(page, found);
  return found;
}
